/* Owns the place's database, role and scratch folder; a test that fails half-way leaves them to the cluster's end. */
#include "contract/backup_place.h"

#include <dirent.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "unit/base/check.h"

static const char fixture[] =
	"CREATE EXTENSION citext;\n"
	"CREATE TABLE item (id int PRIMARY KEY, note text, at timestamptz, more jsonb, tag citext DEFAULT 'x');\n"
	"INSERT INTO item SELECT n, md5(n::text), to_timestamp(n), jsonb_build_object('n', n) "
	"FROM generate_series(1, 20000) n;\n"
	"CREATE INDEX ON item (note);\n"
	"CREATE SCHEMA headgate; CREATE TABLE headgate.deployed (target text); INSERT INTO headgate.deployed VALUES ('shop');\n"
	"CREATE SCHEMA other; CREATE TABLE other.item AS SELECT 1 AS id;\n"
	"CREATE SCHEMA \"we\"\"ird.*\"; CREATE TABLE \"we\"\"ird.*\".item AS SELECT 2 AS id;\n";

static void run_psql(const struct backup_place *place, const char *database, const char *sql,
                     struct process_result *ret_result);
static void link_program(const struct backup_place *place, const char *name);

int backup_place_open(struct arena *arena, struct backup_place *ret_place)
{
	const char *base = getenv("HEADGATE_TEST_URL_BASE"), *real = getenv("HEADGATE_TEST_PGBIN");
	char *scratch = arena_text(arena, "/tmp/headgate-test-XXXXXX");
	struct backup_place *place = ret_place;

	if (!base) {
		print_message("no cluster: run under tests/with-postgres\n");
		return 77;
	}
	*place = (struct backup_place){.arena = arena, .scratch = mkdtemp(scratch)};
	place->real = real ? real : "/usr/lib/postgresql/15/bin";
	place->folder = arena_printf(arena, "%s/backups", place->scratch);
	place->programs = arena_printf(arena, "%s/programs", place->scratch);
	place->database = arena_printf(arena, "backup_%d", getpid());
	place->url = arena_printf(arena, "%s%s", base, place->database);
	place->options = (struct backup_pgdump_options){
		.folder = place->folder, .url = place->url, .programs = place->programs};
	if (mkdir(place->programs, 0755))
		BUG("cannot make '%s'", place->programs);
	link_program(place, "pg_restore");
	link_program(place, "pg_dumpall");
	backup_place_script_off(place);
	(void)backup_place_sql(place, "postgres",
	                       arena_printf(arena, "CREATE DATABASE %s", place->database));
	(void)backup_place_sql(place, place->database, fixture);
	return 0;
}

void backup_place_close(struct backup_place *place)
{
	(void)backup_place_sql(
		place, "postgres",
		arena_printf(place->arena, "DROP DATABASE %s WITH (FORCE)", place->database));
	(void)nftw(place->scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void backup_place_script(const struct backup_place *place, const char *text)
{
	const char *path = arena_printf(place->arena, "%s/pg_dump", place->programs);

	(void)unlink(path);
	write_file(path,
	           arena_printf(place->arena, "#!/bin/sh\nREAL='%s' HERE='%s'\n%s\n", place->real,
	                        place->programs, text),
	           0755);
}

void backup_place_script_off(const struct backup_place *place)
{
	(void)unlink(arena_printf(place->arena, "%s/pg_dump", place->programs));
	link_program(place, "pg_dump");
}

void backup_place_reset(const struct backup_place *place)
{
	if (file_exists(place->folder) &&
	    nftw(place->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS))
		BUG("cannot remove '%s'", place->folder);
}

const char *backup_place_sql(const struct backup_place *place, const char *database,
                             const char *sql)
{
	struct process_result result = {0};

	run_psql(place, database, sql, &result);
	if (result.status)
		fail_msg("psql: %s", result.complaint);
	return text_trim(place->arena, result.output.data);
}

const char *backup_place_names(const struct backup_place *place)
{
	struct text text = TEXT_IN(place->arena);
	struct dirent **entries;
	int count = scandir(place->folder, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (!text_equal(entries[i]->d_name, ".") && !text_equal(entries[i]->d_name, ".."))
			text_printf(&text, "%s%s", text.size ? " " : "", entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return text_get(&text);
}

struct backup_request backup_place_request(int64_t run)
{
	return (struct backup_request){
		.target = "shop",
		.run = run,
		.scope = BACKUP_DATABASE,
		.server_version_num = 150000,
		.keep = 10,
	};
}

static void run_psql(const struct backup_place *place, const char *database, const char *sql,
                     struct process_result *ret_result)
{
	struct arena *arena = place->arena;
	const struct process process = {
		.program = path_join(arena, place->real, "psql"),
		.arguments =
			(const char *const[]){"-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
	                                      arena_printf(arena, "%s%s",
	                                                   getenv("HEADGATE_TEST_URL_BASE"),
	                                                   database),
	                                      NULL},
		.input = {sql, strlen(sql)},
		.deadline_ms = 60000,
	};

	assert_fine(process_run(arena, &process, ret_result));
}

static void link_program(const struct backup_place *place, const char *name)
{
	const char *from = path_join(place->arena, place->real, name);
	const char *to = path_join(place->arena, place->programs, name);

	if (symlink(from, to))
		BUG("cannot link '%s'", to);
}
