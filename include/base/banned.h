/* Included by the compiler before every file of ours (-include): functions with a safer sibling in base/. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(function) sorry_##function##_is_banned_see_include_base_banned_h

#undef strcpy
#define strcpy(to, from) BANNED(strcpy)
#undef strcat
#define strcat(to, from) BANNED(strcat)
#undef strncpy
#define strncpy(to, from, size) BANNED(strncpy)
#undef strncat
#define strncat(to, from, size) BANNED(strncat)
#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf)
#undef strtok
#define strtok(text, delimiters) BANNED(strtok)
#undef atoi
#define atoi(text) BANNED(atoi)
#undef atol
#define atol(text) BANNED(atol)
#undef atoll
#define atoll(text) BANNED(atoll)
#undef gmtime
#define gmtime(time) BANNED(gmtime)
#undef localtime
#define localtime(time) BANNED(localtime)
#undef ctime
#define ctime(time) BANNED(ctime)
#undef system
#define system(command) BANNED(system)
#undef popen
#define popen(command, mode) BANNED(popen)
#undef tmpnam
#define tmpnam(name) BANNED(tmpnam)
#undef mktemp
#define mktemp(pattern) BANNED(mktemp)
