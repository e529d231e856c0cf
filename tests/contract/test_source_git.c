/* The git source keeps the contract on a real bare repository that the git program made. */
#include "contract/git_subject.h"

int main(void)
{
	return git_subject_run("source_git", source_git_open);
}
