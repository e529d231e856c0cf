/*
 * Checks of what stands outside this machine and is no database: the watched repository and the places for statuses.
 * What a reader gets wrong: no status is posted; whether the token may is learned from how a wrong commit is refused.
 */
#include "engine/doctor_parts.h"

static void check_forge(struct doctor *doctor, const struct forge_row *row);
static void tell_health(struct doctor *doctor, const struct forge_health *health);

void doctor_check_address(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const char *url = doctor->config.repository.url;
	struct error *error =
		doctor->registry->open_source(arena, &doctor->config, &doctor->source);

	if (error)
		doctor_error(doctor, error);
	else if (text_starts(url, "http://") && !text_starts(url, "http://127.0.0.1") &&
	         !text_starts(url, "http://localhost") && !text_starts(url, "http://[::1]"))
		doctor_warn(doctor,
		            arena_printf(arena, "%s is read without encryption%s", url,
		                         doctor->config.repository.token_file
		                                 ? ", and the token goes the same way"
		                                 : ""),
		            "Write its https:// address into repository.url.", NULL);
	else
		doctor_pass(doctor, url);
}

void doctor_check_branch(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	struct error *error = source_head(doctor->source, doctor->target->branch, arena,
	                                  &doctor->branch, &doctor->head);

	if (error)
		doctor_error(doctor, error);
	else
		doctor_pass(doctor, arena_printf(arena, "%s is at %s", doctor->branch,
		                                 commit_short(arena, doctor->head)));
}

void doctor_check_migrations(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const char *path = doctor->target->migrations;
	struct folder folder = {0};
	size_t count = 0;
	struct error *error = source_fetch(doctor->source, doctor->branch, doctor->head, arena);

	if (!error)
		error = source_folder(doctor->source, doctor->head, path, arena, &folder);
	if (error) {
		doctor_error(doctor, error);
		return;
	}
	for (size_t i = 0; i < folder.count; i++)
		count += folder.items[i].mode == ENTRY_FOLDER;
	if (!folder.tree)
		doctor_fail(doctor,
		            arena_printf(arena, "there is no '%s' at %s", path,
		                         commit_short(arena, doctor->head)),
		            arena_printf(arena,
		                         "Correct 'migrations' of the target '%s', or bring the "
		                         "first migration.",
		                         doctor->target->name),
		            "git ls-tree -r --name-only HEAD | grep migration_lock.toml");
	else if (folder_find(&folder, "app") && !folder_find(&folder, "migration_lock.toml"))
		doctor_fail(doctor, arena_printf(arena, "'%s' has the layout of Prisma 8", path),
		            "Headgate works beside Prisma 5 to 7; let 7 own the migrations.", NULL);
	else
		doctor_pass(doctor, arena_printf(arena, "%s in %s",
		                                 text_plural(arena, count, "migration"), path));
}

/* A plain tag in the place of one of the folders keeps every approval from being pushed: git has no folder below a ref. */
void doctor_check_tags(struct doctor *doctor)
{
	static const char *const kinds[] = {"approve", "override"};
	struct arena *arena = doctor->arena;
	const int trust = doctor->target->policy->trust;
	struct text_list names = {0};
	struct source_refs refs = {0};
	struct error *error;

	if (trust != TRUST_SIGNED && trust != TRUST_TAG) {
		doctor_pass(doctor, arena_printf(arena, "under trust: %s no tag is looked at",
		                                 trust_name((enum trust)trust)));
		return;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		*LIST_ADD(arena, &names) = arena_printf(arena, "refs/tags/%s", kinds[i]);
		*LIST_ADD(arena, &names) =
			arena_printf(arena, "refs/tags/%s/%s", kinds[i], doctor->target->name);
	}
	error = source_list_refs(doctor->source, &names, arena, &refs);
	if (error) {
		doctor_error(doctor, error);
		return;
	}
	for (size_t i = 0; i < refs.count; i++)
		for (size_t k = 0; k < names.count; k++)
			if (text_equal(refs.items[i].name, names.items[k])) {
				doctor_warn(
					doctor,
					arena_printf(
						arena,
						"the tag '%s' keeps approvals from being pushed",
						refs.items[i].name),
					"Remove it from the remote, and let only those who may "
					"approve write approve/** and override/** there.",
					arena_printf(arena, "git push origin :%s",
				                     text_word(arena, refs.items[i].name)));
				return;
			}
	doctor_pass(
		doctor,
		arena_printf(arena,
	                     "approvals may be pushed as approve/%s/…; best let only those who may "
	                     "approve write approve/** and override/** on the forge",
	                     doctor->target->name));
}

void doctor_check_forges(struct doctor *doctor)
{
	for (const struct forge_row *row = doctor->registry->forges; row->name; row++)
		for (size_t i = 0; i < doctor->target->forges.count; i++)
			if (text_equal(doctor->target->forges.items[i], row->name)) {
				doctor->check = row->name;
				check_forge(doctor, row);
			}
}

static void check_forge(struct doctor *doctor, const struct forge_row *row)
{
	struct arena *arena = doctor->arena;
	struct forge *forge = NULL;
	struct forge_health health = {0};
	struct error *error = row->open(arena, &doctor->config, doctor->target, &forge);

	if (!error)
		error = forge_check(forge, status_context(arena, doctor->target->name),
		                    doctor->branch, arena, &health);
	forge_close(forge);
	if (error)
		doctor_error(doctor, error);
	else
		tell_health(doctor, &health);
}

/* A status that comes after the merge can never be there before it. */
static void tell_health(struct doctor *doctor, const struct forge_health *health)
{
	struct arena *arena = doctor->arena;
	const char *context = status_context(arena, doctor->target->name);
	const char *branch = doctor->branch ? doctor->branch : "the branch";

	doctor_pass(doctor, arena_printf(arena, "%s %s (%s)",
	                                 health->may_post == FORGE_YES ? "statuses can be posted to"
	                                                               : "statuses go to",
	                                 health->place, health->may_post_why));
	switch (health->is_required) {
	case FORGE_YES:
		doctor_fail(
			doctor,
			arena_printf(arena,
		                     "'%s' is a required check of '%s' (%s): it comes after the "
		                     "merge, so no pull request could ever be merged",
		                     context, branch, health->is_required_why),
			arena_printf(arena,
		                     "Take '%s' out of the required checks, in the settings of the "
		                     "repository under Branches or Rules.",
		                     context),
			NULL);
		break;
	case FORGE_NO:
		if (!health->is_required_why)
			break;
		doctor_pass(doctor, arena_printf(arena, "'%s' is no required check (%s)", context,
		                                 health->is_required_why));
		break;
	case FORGE_NOT_KNOWN:
		doctor_pass(doctor,
		            arena_printf(
				    arena,
				    "whether '%s' is a required check could not be looked up (%s); "
				    "it must never be one, since it comes after the merge",
				    context, health->is_required_why));
		break;
	}
}
