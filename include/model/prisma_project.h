/*
 * What the files of a Prisma project and of its checkout say, as far as a configuration can be made from it: datasources,
 * prisma.config.ts, names in .env, git's settings. Read by their text alone and tolerantly: what is not understood is not
 * found, and nothing is ever run. Values of variables are never returned, since they are secrets.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

#define PROJECT_FILE_MAXIMUM (1024 * 1024) /* bytes of one file; the caller reads no more */
#define PROJECT_NAMES_MAXIMUM 1000         /* variables of one .env */

struct prisma_datasource {
	bool found;
	const char *provider;        /* "postgresql"; NULL: none is named */
	const char *url_variable;    /* env("…"); NULL: none, or a literal */
	const char *direct_variable; /* of directUrl */
	bool url_is_literal;         /* the URL itself stands in the file */
	struct text_list schemas;    /* schemas = ["a", "b"] */
};

/* The first datasource block of a .prisma file. */
void prisma_schema_read(struct arena *arena, struct bytes bytes,
                        struct prisma_datasource *ret_datasource);

struct prisma_config {                   /* of prisma.config.ts and its like; NULL: not said */
	const char *schema, *migrations; /* paths as they are written */
	const char *url_variable, *direct_variable;
	bool url_is_literal;
};

void prisma_config_read(struct arena *arena, struct bytes bytes, struct prisma_config *ret_config);

/* Names that a .env file gives values to, in order, each once. */
void dotenv_names(struct arena *arena, struct bytes bytes, struct text_list *ret_names);

struct git_settings {       /* of one or more configuration files of git; NULL: not said */
	const char *origin; /* remote.origin.url */
	const char *signing_key, *signing_format, *email;
};

/* What the file says replaces what `settings` holds, so files are read from the general to the special. */
void git_settings_read(struct arena *arena, struct bytes bytes, struct git_settings *settings);
/* "ref: refs/remotes/origin/main" -> "main", also for refs/heads/; NULL for anything else. */
const char *git_head_branch(struct arena *arena, struct bytes bytes);

struct remote_address {
	const char *url;    /* without a user's name or password in it, unless it is ssh's */
	const char *github; /* "owner/name"; NULL: another place */
	bool had_secret;    /* a name or password stood in it and was left out */
	bool was_ssh;       /* github: the address was ssh's, `url` is the https:// one */
};

void remote_address_read(struct arena *arena, const char *text, struct remote_address *ret_address);

/* A name for a target out of any text: lower case, digits and hyphens, at most 40; "target" when nothing is left. */
const char *target_name_of(struct arena *arena, const char *text);
