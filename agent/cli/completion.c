/*
 * The completion script: commands, and for each its options. What a reader gets wrong: the script knows nothing by
 * itself; a new option completes because it is a row. Indented by spaces: a terminal is shown no tabs.
 */
#include "cli/completion.h"

#include "cli/terminal.h"

static void print_options(const struct option *options);

static const char head[] =
	"# bash completion for headgate; made by: headgate explain completion\n"
	"_headgate() {\n"
	"    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
	"    for ((i = 1; i < COMP_CWORD; i++)); do\n"
	"        case ${COMP_WORDS[i]} in\n"
	"        --config | --target | --output | --log-level | --log-format) ((i++)) ;;\n"
	"        -*) ;;\n"
	"        *) command=${COMP_WORDS[i]}; break ;;\n"
	"        esac\n"
	"    done\n"
	"    case $before in\n"
	"    --output | --log-format) COMPREPLY=($(compgen -W 'text json' -- \"$word\")); return ;;\n"
	"    --log-level) COMPREPLY=($(compgen -W 'error warning info debug' -- \"$word\")); return ;;\n"
	"    --config | --policy | --migrations | --allowed-signers | --revoked | --openpgp-keys | --ssh | --github-json)\n"
	"        COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
	"    --target | --reason | --timeout | --limit | --commit) COMPREPLY=(); return ;;\n"
	"    esac\n"
	"    local options='";
static const char tail[] = "    log) options+=' verify' ;;\n"
			   "    esac\n"
			   "    if [[ -z $command ]]; then\n"
			   "        COMPREPLY=($(compgen -W \"$commands $options\" -- \"$word\"))\n"
			   "    else\n"
			   "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
			   "    fi\n"
			   "}\n"
			   "complete -o default -F _headgate headgate\n";

struct error *completion_print(struct invocation *invocation)
{
	size_t count;
	const struct command *const *commands = commands_all(&count);

	if (invocation->json)
		return FAIL(invocation->arena, USAGE, .what = "a completion script is no JSON",
		            .hint = "Leave --output json out.");
	terminal_print(COLOUR_NONE, "%s", head);
	print_options(options_global());
	terminal_print(COLOUR_NONE, "'\n    local commands='");
	for (size_t i = 0; i < count; i++)
		terminal_print(COLOUR_NONE, "%s%s", i ? " " : "", commands[i]->name);
	terminal_print(COLOUR_NONE, "'\n    case $command in\n");
	for (size_t i = 0; i < count; i++) {
		if (!commands[i]->options)
			continue; /* log has none: the tail names its operand */
		terminal_print(COLOUR_NONE, "    %s) options+='", commands[i]->name);
		for (const struct option *option = commands[i]->options; option->name; option++)
			terminal_print(COLOUR_NONE, " --%s", option->name);
		terminal_print(COLOUR_NONE, "' ;;\n");
	}
	terminal_print(COLOUR_NONE, "%s", tail);
	return NULL;
}

static void print_options(const struct option *options)
{
	for (const struct option *option = options; option->name; option++)
		terminal_print(COLOUR_NONE, "%s--%s", option == options ? "" : " ", option->name);
}
