/*
 * The fingerprint: a canonical description of the schemas that a target owns, hashed. One line per object, sorted by
 * bytes; no object ids, no positions; never the schema `headgate` or the table `_prisma_migrations`.
 */
#pragma once

#include "base/hash.h"

struct fingerprint {
	char digest[SHA256_HEX];
	size_t objects;
	struct bytes description; /* lines "kind name definition" */
};
