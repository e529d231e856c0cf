/*
 * The way into a database, for the agent's own sessions and for PostgreSQL's programs alike: both get their parameters
 * here, so that a backup is made over a connection as safe as the one that migrations go through. Private to adapters.
 */
#pragma once

#include "model/database_url.h"

#define PASSWORD_COMMAND_MS 10000     /* the longest that it may take */
#define PASSWORD_COMMAND_MAXIMUM 4096 /* bytes of its output */

struct database_access {
	const char *url;      /* Prisma's database URL; or */
	const char *url_file; /* a secret's file, read again at each call; wins over url */
	struct text_list password_command; /* empty: none */
	enum tls_default tls_default;
};

struct database_access database_access_copy(struct arena *arena,
                                            const struct database_access *access);
/* Who and where; runs no command, so the password may be missing. Errors: ERR_DB_URL and those of file_read_secret. */
FALLIBLE database_access_look(struct arena *arena, const struct database_access *access,
                              struct database_url *ret_url);
/*
 * The same with the password, which the command prints; it is run again at each call, for at most longest_ms or
 * PASSWORD_COMMAND_MS. Further errors: ERR_DB_PASSWORD, whose words never hold what the command wrote; ERR_FILE_RIGHTS;
 * ERR_STOPPED.
 */
FALLIBLE database_access_open(struct arena *arena, const struct database_access *access,
                              uint64_t longest_ms, struct database_url *ret_url);
/* libpq's parameters but for the password, in pairs; nothing is left to libpq's environment and files. */
void database_access_parameters(struct arena *arena, const struct database_url *url,
                                const char *application_name, struct text_list *ret_keywords,
                                struct text_list *ret_values);
