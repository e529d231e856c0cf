/*
 * The contract on a real server, once as a plain role that owns its database, and once as the
 * superuser.
 */
#include "contract/database_contract.h"
#include "contract/postgres_place.h"

#include "base/text.h"

static const char *role;

static struct database *open_real(struct database_subject *subject, struct arena *arena)
{
	return place_open(subject->context, arena, role, NULL);
}

static void reset_real(struct database_subject *subject)
{
	struct postgres_place *place = subject->context;

	postgres_place_reset(place);
	place_run(place, "ALTER SCHEMA public OWNER TO %s", place->role);
}

static bool exists_in_public(struct database_subject *subject, const char *thing)
{
	return text_equal(
		place_value(subject->context, "SELECT to_regclass('public.%s') IS NOT NULL", thing),
		"t");
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct postgres_place *place = postgres_place_new(arena);
	struct database_subject subject = {
		.name = "database contract: postgres, plain role",
		.context = place,
		.open = open_real,
		.reset = reset_real,
		.exists = exists_in_public,
	};
	int failed;

	role = place->role;
	failed = database_contract_run(&subject);
	subject.name = "database contract: postgres, superuser";
	role = getenv("HEADGATE_TEST_PGUSER");
	failed += database_contract_run(&subject);
	postgres_place_remove(place);
	return failed;
}
