/* The fake keeps the contract once it was told what is in each file. */
#include "contract/parser_contract.h"
#include "fakes/parser_scripted.h"

static struct parser *open_taught(struct parser_subject *subject, struct arena *arena)
{
	struct parser_scripted *scripted = parser_scripted_new(arena);
	size_t count;
	const struct parser_case *rows = parser_cases(&count);

	(void)subject;
	for (size_t i = 0; i < count; i++) {
		struct statement *statements =
			ARENA_ARRAY(arena, struct statement, PARSER_CASE_STATEMENTS);
		size_t known = 0;

		for (; known < PARSER_CASE_STATEMENTS && rows[i].statements[known].verb; known++) {
			statements[known] = rows[i].statements[known];
			statements[known].size =
				parser_case_span(&rows[i], known, &statements[known].start).size;
		}
		parser_scripted_add(scripted, &(struct parser_scripted_answer){
						      .sql = rows[i].sql,
						      .statements = statements,
						      .count = known,
						      .refused_line = rows[i].refused_line,
						      .refused_why = rows[i].refused_why});
	}
	return &scripted->base;
}

int main(void)
{
	struct parser_subject subject = {.name = "parser contract: scripted", .open = open_taught};

	return parser_contract_run(&subject);
}
