/* Checks of what a backup needs, before there is any: a folder, the programs of the server's version, rights, space. */
#include "engine/doctor_parts.h"

#include "base/file.h"

#define SPACE_TIMES 3 /* of the database's size: the next backup, and some to keep */

static bool takes_none(const struct doctor *doctor);

void doctor_check_backup_folder(struct doctor *doctor)
{
	if (takes_none(doctor))
		doctor_pass(doctor, "the policy takes none");
	else
		doctor_folder(doctor, doctor->config.backups, "the backups");
}

static bool takes_none(const struct doctor *doctor)
{
	return doctor->target->policy->backup == BACKUP_NONE;
}

void doctor_check_backup_programs(struct doctor *doctor)
{
	const char *tool = NULL;
	struct error *error;

	if (takes_none(doctor))
		return;
	error = doctor->registry->open_backup(doctor->arena, &doctor->config, doctor->target,
	                                      journal_identity(doctor->journal), &doctor->backup);
	if (!error)
		error = backup_ready(doctor->backup, doctor->server.version_num, doctor->arena,
		                     &tool);
	if (error)
		doctor_error(doctor, error);
	else
		doctor_pass(doctor, tool);
}

void doctor_check_backup_reads(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const bool whole = doctor->target->policy->backup_scope == BACKUP_DATABASE;
	struct text_list grants = {0};
	struct error *error;

	if (takes_none(doctor))
		return;
	error = database_unreadable(doctor->database, whole ? NULL : &doctor->schemas, arena,
	                            &grants);
	if (error)
		doctor_error(doctor, error);
	else if (grants.count)
		doctor_fail(
			doctor, "the role may not read all that a backup must hold",
			whole ? "Let the owner run this, or let the policy say backup: {scope: schema}."
			      : "Let the owner run this.",
			text_join(arena, &grants, "\n"));
	else
		doctor_pass(doctor, whole ? "the role may read the whole database"
		                          : "the role may read the schemas of the target");
}

void doctor_check_backup_space(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const uint64_t size = doctor->server.database_size;
	uint64_t bytes = 0;
	struct error *error;
	const char *what;

	if (takes_none(doctor))
		return;
	error = folder_free_space(arena, doctor_existing(arena, doctor->config.backups), &bytes);
	if (error) {
		doctor_error(doctor, error);
		return;
	}
	what = arena_printf(arena, "%s are free, and the database has %s", text_size(arena, bytes),
	                    text_size(arena, size));
	if (bytes / SPACE_TIMES < size)
		doctor_warn(
			doctor, what,
			"Make room for three times the database, or keep fewer backups (backup.keep in "
			"the policy).",
			arena_printf(arena, "du -xsh '%s'", doctor->config.backups));
	else
		doctor_pass(doctor, what);
}
