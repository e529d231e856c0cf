/*
 * headgate init: a configuration out of what a Prisma project and its checkout say. It asks nothing that it can find
 * out, never reads a secret's value into what it writes, and replaces no file.
 */
#pragma once

#include "base/error.h"
#include "model/prisma_project.h"

struct init_target {
	const char *name;
	const char *schema;     /* the .prisma file with the datasource, below the root */
	const char *migrations; /* below the root */
	bool has_migrations;    /* the folder is there */
	const char *variable;   /* that holds the URL for Prisma; NULL: not found */
	const char *dotenv; /* the .env file that gives it a value, below the root; NULL: none */
	struct text_list schemas;
};

struct init_found {
	const char *root;   /* of the checkout, or the folder itself; absolute */
	bool is_checkout;   /* git knows it */
	const char *remote; /* NULL: none */
	const char *github; /* "owner/name" or NULL */
	const char *branch; /* the remote's default branch; NULL: not known here */
	const char *principal,
		*key;              /* who signs here, and the public key's line; NULL: not found */
	struct init_target *items; /* the targets */
	size_t count, room;
	struct text_list notes; /* what a person should know about what was found */
};

struct init_file {
	const char *path;
	bool kept; /* it was there, and was left as it is */
};

struct init_files {
	struct init_file *items;
	size_t count, room;
};

/* ERR_FILE: there is no folder, or no Prisma project on PostgreSQL in it. */
FALLIBLE init_look(const char *folder, struct arena *arena, struct init_found *ret_found);
/* The configuration's text; `path` decides where state and backups are. */
const char *init_configuration(struct arena *arena, const struct init_found *found,
                               const char *path);
/* Writes it with policies, keyring and a folder for secrets beside it. ERR_FILE: there is a configuration already. */
FALLIBLE init_write(const struct init_found *found, const char *path, struct arena *arena,
                    struct init_files *ret_files);

struct shipped_policy { /* made from policies/ when the program is built; the last one has no name */
	const char *name; /* "staging.yaml" */
	const char *text;
};
extern const struct shipped_policy shipped_policies[];
