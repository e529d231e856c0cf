/*
 * What every database must do (ports/database.h), as tests. An adapter's test fills a subject and
 * returns database_contract_run from its main. A fake, which knows no SQL, is taught the files
 * below.
 */
#pragma once

#include "ports/database.h"

#define CONTRACT_TARGET "shop"
#define CONTRACT_JOURNAL "7d0c2b64-55f5-4f6e-9d3b-0e52f6a0f001"

/* The files that the contract sends. Each makes at most one thing, which `exists` then finds. */
#define FILE_MAKES "CREATE TABLE thing (id int PRIMARY KEY);"
#define FILE_FAILS "CREATE TABLE thing (id int);\nSELECT 1;\nSELECT 1 / 0;"
#define FILE_COPIES "CREATE TABLE thing (id int);\nCOPY thing FROM STDIN;"
#define FILE_OWN_TRANSACTION "BEGIN; CREATE TABLE thing (id int); COMMIT; SELECT 1 / 0;"
#define FILE_LEFT_OPEN "BEGIN; CREATE TABLE thing (id int);"
#define FILE_DROPS_LOCK "SELECT pg_advisory_unlock_all();"
#define FILE_BREAKS "CREATE TABLE thing (id int); SELECT pg_terminate_backend(pg_backend_pid());"
#define FILE_FILLS "CREATE TABLE pairs (a int, b int); INSERT INTO pairs VALUES (1, 1), (1, 2);"
#define FILE_INDEX "CREATE INDEX CONCURRENTLY pairs_b ON pairs (b)"
#define FILE_WAITS "ALTER TABLE thing ADD COLUMN more int" /* for FILE_LOCKS */
#define FILE_LOCKS "LOCK TABLE thing"
#define FILE_BAD_INDEX "CREATE UNIQUE INDEX CONCURRENTLY pairs_a ON pairs (a)"

struct database_subject {
	const char *name;
	void *context; /* the adapter's test's own */

	/* A new session, not yet connected, to what all sessions of the subject share. */
	struct database *(*open)(struct database_subject *subject, struct arena *arena);
	/*
	 * An empty database with an empty schema public. Called before each test, when no session
	 * is open.
	 */
	void (*reset)(struct database_subject *subject);
	/* Does a table of that name exist in public, for everybody? */
	bool (*exists)(struct database_subject *subject, const char *thing);
};

/* Number of failed tests. */
int database_contract_run(struct database_subject *subject);
