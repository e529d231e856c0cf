/*
 * Roles by person. What a reader gets wrong: a policy without roles is not one where nobody may anything, but one where
 * each person of the keyring may deploy and roll back.
 */
#include "cli/key_roles.h"

#include "policy/roles.h"

static const struct role everybody = {.may = 1u << MAY_DEPLOY | 1u << MAY_ROLLBACK};

static const struct role *next_role(const struct policy *policy, const char *principal,
                                    size_t *number);
static const char *powers_text(struct arena *arena, const struct role *role);

void key_roles_lines(struct arena *arena, const struct config *config, const char *principal,
                     struct text_list *ret_lines)
{
	for (size_t i = 0; i < config->target_count; i++) {
		const struct target *target = &config->targets[i];
		const struct role *role;
		bool has_any = false;

		if (target->policy->trust == TRUST_BRANCH)
			continue;
		for (size_t k = 0; (role = next_role(target->policy, principal, &k));) {
			const char *paths =
				role->paths.count
					? arena_printf(arena, "only %s",
			                               text_join(arena, &role->paths, ", "))
					: NULL;

			*LIST_ADD(arena, ret_lines) = arena_printf(
				arena, "%s: %s%s%s%s%s%s", target->name, powers_text(arena, role),
				role->name || paths ? " (" : "", role->name ? role->name : "",
				role->name && paths ? ", " : "", paths ? paths : "",
				role->name || paths ? ")" : "");
			has_any = true;
		}
		if (!has_any)
			*LIST_ADD(arena, ret_lines) = arena_printf(arena, "%s: none", target->name);
	}
}

struct node *key_roles_node(struct arena *arena, const struct config *config, const char *principal)
{
	struct node *list = node_list(arena);

	for (size_t i = 0; i < config->target_count; i++) {
		const struct target *target = &config->targets[i];
		const struct role *role;

		if (target->policy->trust == TRUST_BRANCH)
			continue;
		for (size_t k = 0; (role = next_role(target->policy, principal, &k));) {
			struct node *row = node_add(list, node_map(arena)), *may, *paths;

			node_set_text(arena, row, "target", target->name);
			node_set_text(arena, row, "role", role->name);
			may = node_set(arena, row, "may", node_list(arena));
			for (size_t power = 0; role_powers[power]; power++)
				if (role->may & 1u << power)
					node_add(may, node_text(arena, role_powers[power]));
			paths = node_set(arena, row, "paths", node_list(arena));
			for (size_t path = 0; path < role->paths.count; path++)
				node_add(paths, node_text(arena, role->paths.items[path]));
		}
	}
	return list;
}

/* The next of the person's, from *number on; where there are none at all, that of everybody. */
static const struct role *next_role(const struct policy *policy, const char *principal,
                                    size_t *number)
{
	if (!policy->roles.count)
		return (*number)++ == 0 ? &everybody : NULL;
	while (*number < policy->roles.count) {
		const struct role *role = &policy->roles.items[(*number)++];

		if (text_list_has(&role->persons, principal))
			return role;
	}
	return NULL;
}

static const char *powers_text(struct arena *arena, const struct role *role)
{
	struct text_list powers = {0};

	for (size_t power = 0; role_powers[power]; power++)
		if (role->may & 1u << power)
			*LIST_ADD(arena, &powers) = role_powers[power];
	return text_join(arena, &powers, ", ");
}
