/*
 * The site's parts. Easily got wrong: openers have no context, so the world that is open stands in one variable; a test
 * makes one world at a time.
 */
#include "unit/engine/pass_world.h"

#include "base/clock.h"

#include "base/text.h"

#define MIGRATIONS "prisma/migrations"
#define SIGNATURE "gpgsig -----BEGIN SSH SIGNATURE-----\n U1NIU0lH\n -----END SSH SIGNATURE-----\n"

static struct pass_world *current;
static struct database_ops server_ops;

static struct pass_world *now(void)
{
	assert_non_null(current);
	return current;
}

static struct error *lock(struct database *database, uint64_t budget_ms, struct arena *arena)
{
	assert_int_equal(now()->target.mode, MODE_APPLY);
	if (now()->locks_busy) {
		now()->locks_busy--;
		return FAIL(arena, LEDGER_LOCK, .what = "cannot have Prisma's lock",
		            .why = "another holds it", .hint = "Wait.");
	}
	return world_ops.lock(database, budget_ms, arena);
}

static struct error *read_ledger(struct database *database, const char *schema, struct arena *arena,
                                 struct ledger *ret_ledger)
{
	TRY(world_ops.ledger(database, schema, arena, ret_ledger));
	ret_ledger->schema_is_empty = !now()->is_not_empty;
	if (now()->foreign_journal) {
		ret_ledger->has_deployed = true;
		ret_ledger->deployed = (struct deployed_row){
			.ledger = "public", .target = "shop", .journal = now()->foreign_journal};
	}
	return NULL;
}

/* Who only observes says so when it connects, and writes nothing afterwards. */
static struct error *connect(struct database *database, const struct session_limits *limits,
                             bool for_writing, struct arena *arena, struct server *ret_server)
{
	assert_int_equal(for_writing, now()->target.mode == MODE_APPLY);
	TRY(world_ops.connect(database, limits, /* for_writing= */ true, arena, ret_server));
	ret_server->in_recovery = now()->in_recovery;
	return NULL;
}

static struct error *read_rows(struct database *database, const char *schema, struct arena *arena,
                               struct ledger *ret_ledger, bool *ret_locked)
{
	*ret_locked = now()->another_at_work;
	return read_ledger(database, schema, arena, ret_ledger);
}

static struct error *take_fence(struct database *database, const char *schema, const char *target,
                                const char *journal, bool take_over, struct arena *arena,
                                int64_t *ret_epoch)
{
	struct world *server = (struct world *)database;

	TRY(world_ops.take_fence(database, schema, target, journal, false, arena, ret_epoch));
	(void)take_over;
	assert_int_equal(now()->target.mode, MODE_APPLY);
	server->ledger.has_deployed = true;
	server->ledger.deployed =
		(struct deployed_row){.ledger = "public",
	                              .target = "shop",
	                              .epoch = *ret_epoch,
	                              .journal = arena_text(server->arena, journal)};
	return NULL;
}

static struct error *fingerprint(struct database *database, const struct text_list *schemas,
                                 struct arena *arena, struct fingerprint *ret_fingerprint)
{
	struct world *server = (struct world *)database;
	const char *text = text_join(arena, &server->effects, "\n");

	assert_int_equal(schemas->count, 1);
	*ret_fingerprint =
		(struct fingerprint){.objects = server->effects.count,
	                             .description = arena_bytes(arena, text, strlen(text))};
	sha256_hex(text, strlen(text), ret_fingerprint->digest);
	return NULL;
}

static struct error *invalid_indexes(struct database *database, const struct text_list *schemas,
                                     struct arena *arena, struct text_list *ret_names)
{
	struct text_list names = {0};

	(void)schemas;
	for (size_t i = 0; i < now()->invalid.count; i++)
		*LIST_ADD(arena, &names) = now()->invalid.items[i];
	if (now()->invalid_after && world_has_effect((struct world *)database, "CREATE b"))
		*LIST_ADD(arena, &names) = now()->invalid_after;
	*ret_names = names;
	return NULL;
}

static struct error *unreadable(struct database *database, const struct text_list *schemas,
                                struct arena *arena, struct text_list *ret_grants)
{
	(void)database;
	(void)schemas;
	(void)arena;
	*ret_grants = now()->grants;
	return NULL;
}

static struct error *open_journal(struct arena *arena, const struct config *config, bool read_only,
                                  struct journal **ret_journal)
{
	(void)config;
	(void)read_only;
	if (now()->has_no_journal)
		return FAIL(arena, JOURNAL, .what = "cannot open the journal",
		            .why = "the test says so", .hint = "Look at it.");
	*ret_journal = faulty_journal(arena, &now()->faulty, &now()->server->journal->port);
	return NULL;
}

static struct error *open_source(struct arena *arena, const struct config *config,
                                 struct source **ret_source)
{
	(void)config;
	*ret_source = faulty_source(arena, &now()->faulty, source_memory_source(now()->source));
	return NULL;
}

static struct error *open_keyring(struct arena *arena, const struct config *config,
                                  struct keyring **ret_keyring)
{
	(void)arena;
	(void)config;
	*ret_keyring = &now()->keyring->base;
	return NULL;
}

static struct error *open_database(struct arena *arena, const struct config *config,
                                   const struct target *target, struct database **ret_database,
                                   const char **ret_schema)
{
	(void)config;
	(void)target;
	*ret_database = faulty_database(arena, &now()->faulty, &now()->server->database);
	*ret_schema = "public";
	return NULL;
}

static struct error *open_parser(struct arena *arena, struct parser **ret_parser)
{
	(void)arena;
	*ret_parser = &now()->server->parser->base;
	return NULL;
}

static struct error *open_backup(struct arena *arena, const struct config *config,
                                 const struct target *target, const char *journal,
                                 struct backup **ret_backup)
{
	(void)arena;
	(void)journal;
	(void)config;
	(void)target;
	*ret_backup = &now()->backup->base;
	return NULL;
}

static struct error *open_forge(struct arena *arena, const struct config *config,
                                const struct target *target, struct forge **ret_forge)
{
	(void)arena;
	(void)config;
	(void)target;
	*ret_forge = &now()->forge->base;
	return NULL;
}

static const struct forge_row forges[] = {{"memory", open_forge}, {NULL, NULL}};

static const struct registry registry = {
	.open_journal = open_journal,
	.open_source = open_source,
	.open_mirror = open_source,
	.open_keyring = open_keyring,
	.open_database = open_database,
	.open_parser = open_parser,
	.open_backup = open_backup,
	.forges = forges,
};

struct pass_world *pass_world_new(struct place *place)
{
	struct arena *arena = place->arena;
	struct pass_world *world = ARENA_NEW(arena, struct pass_world);

	current = world;
	world->arena = arena;
	world->place = place;
	world->server = world_new(arena);
	world->server->ledger.has_table = false;
	server_ops = world_ops;
	server_ops.ledger = read_ledger;
	server_ops.connect = connect;
	server_ops.rows = read_rows;
	server_ops.lock = lock;
	server_ops.take_fence = take_fence;
	server_ops.fingerprint = fingerprint;
	server_ops.invalid_indexes = invalid_indexes;
	server_ops.unreadable = unreadable;
	world->server->database.ops = &server_ops;
	world->source = source_memory_new(arena);
	world->build = source_memory_build(world->source);
	world->keyring = keyring_memory_new(arena);
	world->backup = backup_memory_new(arena);
	world->backup->size = 168 << 20;
	world->forge = forge_memory_new(arena);
	world->faulty.code = ERR_JOURNAL; /* RETRY, and nobody takes it for more */
	world->now = 1700000000;
	world->policy = (struct policy){.path = "/etc/p.yaml",
	                                .digest = "policy 1",
	                                .trust = TRUST_ALL,
	                                .backup_keep = 7,
	                                .max_rollback = 3,
	                                .rollback = ROLLBACK_FREE,
	                                .lock_timeout = 10,
	                                .lock_budget = 20};
	world->target =
		(struct target){.name = "shop", .migrations = MIGRATIONS, .policy = &world->policy};
	*LIST_ADD(arena, &world->target.forges) = "memory";
	world->config = (struct config){
		.path = "/etc/headgate.yaml",
		.state = path_of(place, "state"),
		.keys.allowed_signers = "/etc/signers",
		.targets = &world->target,
		.target_count = 1,
	};
	world->engine = (struct engine){.config = &world->config, .registry = &registry};
	return world;
}

struct pass_world *pass_world_begun(struct place *place)
{
	struct pass_world *world = pass_world_new(place);
	struct baseline_made made = {0};

	pass_world_push(world, "", NULL, "Begin");
	assert_fine(engine_baseline(&world->engine, &world->target,
	                            &(struct baseline_wish){.commit = "HEAD"}, world->arena,
	                            &made));
	assert_string_equal(made.commit, world->head);
	return world;
}

static void add_file(struct arena *arena, struct build_file *files, size_t *count, const char *path,
                     const char *text)
{
	assert_true(*count < 40);
	files[(*count)++] = (struct build_file){.path = arena_text(arena, path), .text = text};
}

static const char *draw_tree(struct pass_world *world, const char *tree)
{
	struct arena *arena = world->arena;
	struct build_file files[40] = {0};
	struct text_list words = {0};
	size_t count = 0;

	add_file(arena, files, &count, "README.md",
	         arena_printf(arena, "%lld\n", (long long)world->now));
	if (*tree)
		text_split(arena, tree, ',', &words);
	for (size_t i = 0; i < words.count; i++) {
		const char *equals = strchr(words.items[i], '='),
			   *bar = strchr(words.items[i], '|');
		const char *name =
			arena_copy(arena, words.items[i], (size_t)(equals - words.items[i]));
		const char *end = bar ? bar : equals + strlen(equals);

		if (text_ends(name, ".md")) { /* "a/checklist.md=- [x] tested" */
			add_file(arena, files, &count, arena_printf(arena, MIGRATIONS "/%s", name),
			         equals + 1);
			continue;
		}
		add_file(arena, files, &count,
		         arena_printf(arena, MIGRATIONS "/%s/migration.sql", name),
		         arena_copy(arena, equals + 1, (size_t)(end - equals - 1)));
		if (bar)
			add_file(arena, files, &count,
			         arena_printf(arena, MIGRATIONS "/%s/down.sql", name), bar + 1);
	}
	return build_tree(&world->build, files, count);
}

const char *pass_world_commit(struct pass_world *world, const char *const *parents,
                              const char *tree, const char *signer, const char *message)
{
	struct build_commit commit = {
		.tree = draw_tree(world, tree),
		.when = world->now++,
		.extra = signer ? SIGNATURE : NULL,
		.message = message,
	};
	const char *id;

	for (size_t i = 0; parents[i]; i++)
		commit.parents[i] = parents[i];
	id = build_commit(&world->build, &commit);
	if (signer)
		keyring_memory_script(world->keyring, id, VERDICT_GOOD, signer);
	return id;
}

const char *pass_world_push(struct pass_world *world, const char *tree, const char *signer,
                            const char *message)
{
	const char *const parents[] = {world->head, NULL};

	world->head = pass_world_commit(world, parents, tree, signer, message);
	source_memory_set_branch(world->source, "main", world->head);
	return world->head;
}

struct error *pass_world_pass(struct pass_world *world)
{
	return engine_reconcile(&world->engine, &world->target, world->arena, &world->pass);
}

struct error *pass_world_settle(struct pass_world *world, size_t most)
{
	struct error *error = NULL;

	for (size_t i = 0; i < most; i++) {
		error = pass_world_pass(world);
		if (!error)
			break;
	}
	return error;
}

static const char *show(struct arena *arena, const struct status *status)
{
	return arena_printf(arena, "%s: %s", status_state_name(status->state), status->description);
}

const char *pass_world_status(const struct pass_world *world, const char *commit)
{
	const struct status *status = forge_memory_find(world->forge, commit, "headgate/shop");

	return status ? show(world->arena, status) : "none";
}

const char *pass_world_words(const struct pass_world *world, const char *commit)
{
	struct text text = TEXT_IN(world->arena);

	for (size_t i = 0; i < world->forge->posted.count; i++)
		if (text_equal(world->forge->posted.items[i].commit, commit))
			text_printf(&text, "%s%s", text.size ? " / " : "",
			            show(world->arena, &world->forge->posted.items[i]));
	return text_get(&text);
}

const char *pass_world_runs(struct pass_world *world)
{
	struct text text = TEXT_IN(world->arena);
	struct runs runs = {0};

	assert_fine(journal_runs(&world->server->journal->port, "shop", 100, world->arena, &runs));
	for (size_t i = runs.count; i-- > 0;)
		text_printf(&text, "%s%lld %s %s", text.size ? ", " : "",
		            (long long)runs.items[i].id, runs.items[i].direction,
		            runs.items[i].outcome ? runs.items[i].outcome : "open");
	return text_get(&text);
}

struct memory pass_world_memory(struct pass_world *world)
{
	struct memory memory = {0};

	assert_fine(journal_memory(&world->server->journal->port, "shop", world->arena, &memory));
	return memory;
}

size_t pass_world_records(const struct pass_world *world)
{
	return world->server->journal->kept.count;
}

size_t pass_world_effects(const struct pass_world *world, const char *sql)
{
	return world_times_effective(world->server, sql);
}

struct run *pass_world_run(struct pass_world *world)
{
	struct run *run = ARENA_NEW(world->arena, struct run);

	*run = (struct run){
		.now = clock_wall(),
		.arena = world->arena,
		.config = &world->config,
		.target = &world->target,
		.policy = &world->policy,
		.schema = "public",
		.evidence = node_map(world->arena),
	};
	*LIST_ADD(world->arena, &run->schemas) = "public";
	run->memory = pass_world_memory(world);
	assert_fine(open_source(world->arena, &world->config, &run->ports.source));
	assert_fine(open_keyring(world->arena, &world->config, &run->ports.keyring));
	assert_fine(open_database(world->arena, &world->config, &world->target,
	                          &run->ports.database, &run->schema));
	assert_fine(open_parser(world->arena, &run->ports.parser));
	assert_fine(open_backup(world->arena, &world->config, &world->target, NULL,
	                        &run->ports.backup));
	assert_fine(open_journal(world->arena, &world->config, false, &run->ports.journal));
	assert_fine(
		open_forge(world->arena, &world->config, &world->target, &run->ports.forges[0]));
	run->ports.forge_count = 1;
	return run;
}
