/*
 * What was found before a merge, in the forms in which a forge shows it beside the changed line. Pure: text in an
 * arena, printed by the caller. Private to the cli.
 */
#pragma once

#include "base/node.h"
#include "base/text.h"
#include "engine/preflight.h"

/*
 * Workflow commands of GitHub Actions, a line each: `::error file=…,line=…,title=…::message`, and `::notice` for notes.
 * Nothing that stands in a name, a file or a commit can end a command or begin another.
 */
const char *annotations_github(struct arena *arena, const struct preflight *found);
/* A report in GitLab's Code Quality format: a list; a fingerprint stays as long as the finding does. */
struct node *annotations_gitlab(struct arena *arena, const struct preflight *found);
/* Everything, for programs of one's own. `words`: the verdict as it is printed for people. */
struct node *annotations_json(struct arena *arena, const struct preflight *found,
                              const char *words);

/* "2 findings, this would be refused" or "would apply 2 migrations, roll back none". No foreign text. */
const char *annotations_verdict(struct arena *arena, const struct preflight *found);
