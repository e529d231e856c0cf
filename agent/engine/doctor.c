/*
 * The checks of headgate doctor, as rows: what each needs, what it gives to later ones. What a reader gets wrong: a check
 * gives its fact only when it added no failure, and a warning does not count as one.
 */
#include "engine/doctor_parts.h"

#include "base/clock.h"

struct check {
	const char *area, *name;
	unsigned needs; /* enum fact */
	unsigned gives;
	void (*look)(struct doctor *doctor);
};

/* clang-format off */
static const struct check of_agent[] = {
	{"configuration", "file",         0,                         FACT_CONFIG,  doctor_check_configuration},
	{"configuration", "user",         FACT_CONFIG,               0,            doctor_check_user},
	{"state",         "folder",       FACT_CONFIG,               FACT_STATE,   doctor_check_state},
	{"state",         "space",        FACT_CONFIG | FACT_STATE,  0,            doctor_check_space},
	{"state",         "journal",      FACT_CONFIG | FACT_STATE,  FACT_JOURNAL, doctor_check_journal},
	{"state",         "disks",        FACT_CONFIG | FACT_STATE,  0,            doctor_check_disks},
	{"keys",          "ssh-keygen",   0,                         0,            doctor_check_ssh_keygen},
	{"keys",          "gpg",          FACT_CONFIG,               0,            doctor_check_gpg},
	{"keys",          "keyring",      FACT_CONFIG | FACT_STATE,  FACT_KEYRING, doctor_check_keyring},
	{"keys",          "expiry",       FACT_KEYRING,              0,            doctor_check_expiry},
	{"keys",          "files",        FACT_CONFIG,               0,            doctor_check_key_files},
	{"repository",    "address",      FACT_CONFIG | FACT_STATE,  FACT_SOURCE,  doctor_check_address},
};

static const struct check of_target[] = {
	{"policy",     "policy",       FACT_CONFIG,                 0,            doctor_check_policy},
	{"repository", "branch",       FACT_SOURCE,                 FACT_HEAD,    doctor_check_branch},
	{"repository", "migrations",   FACT_HEAD,                   0,            doctor_check_migrations},
	{"repository", "tags",         FACT_HEAD,                   0,            doctor_check_tags},
	{"forges",     "forge",        FACT_CONFIG,                 0,            doctor_check_forges},
	{"database",   "connection",   FACT_CONFIG,                 FACT_SESSION, doctor_check_connection},
	{"database",   "encryption",   FACT_SESSION,                0,            doctor_check_tls},
	{"database",   "pooler",       FACT_SESSION,                0,            doctor_check_pooler},
	{"database",   "server",       FACT_SESSION,                0,            doctor_check_server},
	{"database",   "role",         FACT_SESSION,                0,            doctor_check_role},
	{"database",   "rights",       FACT_SESSION,                0,            doctor_check_rights},
	{"database",   "others",       FACT_SESSION,                0,            doctor_check_others},
	{"database",   "schema",       FACT_SESSION,                0,            doctor_check_schema},
	{"database",   "clock",        FACT_SESSION,                0,            doctor_check_clock},
	{"database",   "connections",  FACT_SESSION,                0,            doctor_check_connections},
	{"database",   "transactions", FACT_SESSION,                0,            doctor_check_transactions},
	{"ledger",     "rows",         FACT_SESSION,                FACT_LEDGER,  doctor_check_ledger},
	{"ledger",     "owner",        FACT_LEDGER | FACT_JOURNAL,  0,            doctor_check_owner},
	{"ledger",     "baseline",     FACT_JOURNAL,                0,            doctor_check_baseline},
	{"backup",     "folder",       FACT_CONFIG,                 FACT_BACKUP,  doctor_check_backup_folder},
	{"backup",     "programs",     FACT_SESSION | FACT_JOURNAL, 0,            doctor_check_backup_programs},
	{"backup",     "rights",       FACT_SESSION,                0,            doctor_check_backup_reads},
	{"backup",     "space",        FACT_SESSION | FACT_BACKUP,  0,            doctor_check_backup_space},
};

static const struct {
	enum fact fact;
	const char *since;
} lost[FACT_COUNT] = { /* in the order of their bits; the first that is missing is named */
	{FACT_CONFIG,  "the configuration cannot be used"},
	{FACT_STATE,   "the state folder cannot be used"},
	{FACT_JOURNAL, "the journal cannot be read"},
	{FACT_KEYRING, "there is no keyring"},
	{FACT_SOURCE,  "the repository's address cannot be used"},
	{FACT_HEAD,    "the branch could not be read"},
	{FACT_SESSION, "there is no connection to the database"},
	{FACT_LEDGER,  "the ledger could not be read"},
	{FACT_BACKUP,  "the folder of the backups cannot be used"},
};
/* clang-format on */

#define FACTS_OF_TARGET (FACT_HEAD | FACT_SESSION | FACT_LEDGER | FACT_BACKUP)

static struct error *look(struct doctor *doctor, const struct check *checks, size_t count);
static const char *since(const struct doctor *doctor, unsigned missing);
static void not_looked(struct doctor *doctor, const struct check *check);
static struct error *look_at_target(struct doctor *doctor, const struct target *target);
static void add(struct doctor *doctor, struct diagnosis diagnosis);
static void close_all(struct doctor *doctor);

struct error *engine_doctor(const struct registry *registry, const char *config_path,
                            const char *target, struct arena *arena,
                            struct diagnoses *ret_diagnoses)
{
	struct doctor doctor = {.registry = registry, .arena = arena, .config_path = config_path};
	struct error *error = look(&doctor, of_agent, sizeof of_agent / sizeof *of_agent);

	if (!error && !(doctor.facts & FACT_CONFIG))
		error = look_at_target(&doctor, NULL);
	else if (!error && target && !config_find_target(&doctor.config, target))
		error = FAIL(
			arena, UNKNOWN_TARGET,
			.what = arena_printf(arena, "there is no target '%s'", target),
			.why = arena_printf(arena, "'%s' does not name it", doctor.config.path),
			.hint = arena_printf(arena, "Look into it, or leave --target out: "
		                                    "headgate doctor"));
	for (size_t i = 0; !error && i < doctor.config.target_count; i++)
		if (!target || text_equal(doctor.config.targets[i].name, target))
			error = look_at_target(&doctor, &doctor.config.targets[i]);
	close_all(&doctor);
	if (error)
		return error;
	*ret_diagnoses = doctor.diagnoses;
	return NULL;
}

static struct error *look_at_target(struct doctor *doctor, const struct target *target)
{
	struct error *error;

	doctor->target = target;
	doctor->facts &= ~(unsigned)FACTS_OF_TARGET;
	for (size_t i = 0; i < FACT_COUNT; i++)
		if (FACTS_OF_TARGET & (1U << i))
			doctor->since[i] = NULL;
	doctor->branch = doctor->head = doctor->schema = NULL;
	doctor->schemas = (struct text_list){0};
	doctor->memory = (struct memory){0};
	error = look(doctor, of_target, sizeof of_target / sizeof *of_target);
	backup_close(doctor->backup);
	database_close(doctor->database);
	doctor->backup = NULL;
	doctor->database = NULL;
	return error;
}

static struct error *look(struct doctor *doctor, const struct check *checks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const size_t failed = diagnoses_count(&doctor->diagnoses, DIAGNOSIS_FAIL);

		if (stop_asked())
			return FAIL(doctor->arena, STOPPED, .what = "the doctor was asked to stop",
			            .hint = "Ask again: headgate doctor");
		doctor->area = checks[i].area;
		doctor->check = checks[i].name;
		if (checks[i].needs & ~doctor->facts) {
			not_looked(doctor, &checks[i]);
			continue;
		}
		checks[i].look(doctor);
		if (diagnoses_count(&doctor->diagnoses, DIAGNOSIS_FAIL) == failed)
			doctor->facts |= checks[i].gives;
	}
	return NULL;
}

/* Checks of one area that miss the same thing share a line; what they would have given is missed for the same reason. */
static void not_looked(struct doctor *doctor, const struct check *check)
{
	const char *why = since(doctor, check->needs & ~doctor->facts);
	struct diagnosis *before = doctor->diagnoses.count
	                                   ? &doctor->diagnoses.items[doctor->diagnoses.count - 1]
	                                   : NULL;
	const char *what = arena_printf(doctor->arena, "not looked at, since %s", why);

	for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
		if (check->gives & (unsigned)lost[i].fact)
			doctor->since[i] = why;
	if (before && before->level == DIAGNOSIS_NOT_LOOKED &&
	    text_equal(before->area, check->area) && text_equal(before->what, what)) {
		before->check = arena_printf(doctor->arena, "%s, %s", before->check, check->name);
		return;
	}
	add(doctor, (struct diagnosis){.level = DIAGNOSIS_NOT_LOOKED, .what = what});
}

static const char *since(const struct doctor *doctor, unsigned missing)
{
	for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
		if (missing & (unsigned)lost[i].fact)
			return doctor->since[i] ? doctor->since[i] : lost[i].since;
	BUG("no fact is missing");
}

static void close_all(struct doctor *doctor)
{
	source_close(doctor->source);
	keyring_close(doctor->keyring);
	journal_close(doctor->journal);
}

void doctor_pass(struct doctor *doctor, const char *what)
{
	add(doctor, (struct diagnosis){.level = DIAGNOSIS_PASS, .what = what});
}

void doctor_warn(struct doctor *doctor, const char *what, const char *mend, const char *type)
{
	add(doctor,
	    (struct diagnosis){.level = DIAGNOSIS_WARN, .what = what, .mend = mend, .type = type});
}

void doctor_fail(struct doctor *doctor, const char *what, const char *mend, const char *type)
{
	add(doctor,
	    (struct diagnosis){.level = DIAGNOSIS_FAIL, .what = what, .mend = mend, .type = type});
}

void doctor_error(struct doctor *doctor, const struct error *error)
{
	add(doctor, (struct diagnosis){.level = DIAGNOSIS_FAIL,
	                               .what = error_line(doctor->arena, error),
	                               .mend = error->hint,
	                               .code = error->row->code});
}

static void add(struct doctor *doctor, struct diagnosis diagnosis)
{
	diagnosis.area = doctor->area;
	diagnosis.check = doctor->check;
	diagnosis.target = doctor->target ? doctor->target->name : NULL;
	*LIST_ADD(doctor->arena, &doctor->diagnoses) = diagnosis;
}

const char *diagnosis_level_name(enum diagnosis_level level)
{
	switch (level) {
	case DIAGNOSIS_PASS:
		return "pass";
	case DIAGNOSIS_WARN:
		return "warn";
	case DIAGNOSIS_FAIL:
		return "fail";
	case DIAGNOSIS_NOT_LOOKED:
		return "not looked at";
	}
	BUG("no such level");
}

size_t diagnoses_count(const struct diagnoses *diagnoses, enum diagnosis_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < diagnoses->count; i++)
		count += diagnoses->items[i].level == level;
	return count;
}
