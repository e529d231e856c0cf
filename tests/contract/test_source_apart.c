/* The source with a child keeps the contract, too. This program is the child: it is executed once more. */
#include "contract/git_subject.h"

#include "adapters/source_apart.h"
#include "base/text.h"

int main(int argc, char **argv)
{
	if (argc == 2 && text_equal(argv[1], SOURCE_APART_ARGUMENT))
		return source_apart_serve();
	return git_subject_run("source_apart", source_apart_open);
}
