/* Folding: what must become the same, and what must not. */
#include "unit/base/check.h"

#include "adapters/unicode.h"

static void names_that_look_alike_to_a_file_system_fold_alike(void **state)
{
	static const struct {
		const char *sentence, *one, *other;
		bool alike;
	} rows[] = {
		{"ASCII case", "Add_Users", "add_users", true},
		{"nothing", "", "", true},
		{"composed, decomposed", "\xC3\xBC", "u\xCC\x88", true},
		{"two accents in another order", "a\xCC\xA3\xCC\x82", "a\xCC\x82\xCC\xA3", true},
		{"Hangul", "\xED\x95\x9C", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", true},
		{"full folding", "\xC3\x9F", "SS", true},
		{"final sigma", "\xCF\x82", "\xCE\xA3", true},
		{"full width is another name", "\xEF\xBC\xA1", "A", false},
		{"a ligature is folded as Unicode says", "\xEF\xAC\x81", "FI", true},
		{"punctuation stays", "a_b", "a-b", false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_int_equal(!strcmp(unicode_fold(*state, rows[i].one),
		                         unicode_fold(*state, rows[i].other)),
		                 rows[i].alike);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(names_that_look_alike_to_a_file_system_fold_alike)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
