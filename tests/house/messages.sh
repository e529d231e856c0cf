#!/usr/bin/env bash
# messages.sh [TREE | --self-test]: the words of every error, as messages.pl finds them in the sources: what failed begins with
# a small letter and ends without a full stop; what to do is there, and is something that a person can do, or says that the
# agent does it. docs/errors.md holds all of them; docs-fresh.sh writes it.
source "$(dirname "$0")/lib.sh"

# What a person is told to do, at the beginning of a sentence or of a part of it; and what says that nothing has to be done.
actions="add|ask|begin|bring|call|check|choose|compare|complete|copy|correct|drop|drain|end|find|finish|free|give|install|keep"
actions+="|leave|let|list|look|make|mount|move|name|pin|point|push|put|read|remove|rename|replace|restore|revert|roll|run|save|say|see|set"
actions+="|sign|split|start|stop|take|test|try|type|undo|unpack|upgrade|use|wait|watch|write|grant|settle|open|close|commit|raise|enlarge|select"
by_itself="by itself|next pass|the next one goes on|nothing has to be done|nothing to do|waits until|goes on|is decoded again|agent runs it again"
by_itself+="|headgate [a-z]+|npx prisma|git [a-z]+|did you mean|known here|targets are|forges are|known options|items are|must be|there is nothing"

check_tree() { # TREE
	local code place what why hint lower
	cd "$1"
	while IFS=$'\x1f' read -r code place what why hint; do
		if [[ -z $what ]]; then
			violation "$place" "$code does not say what failed"
		elif [[ $what =~ ^[A-Z][a-z] || $what == *. ]]; then
			violation "$place" "$code says what failed with a capital or a full stop: $what"
		fi
		if [[ $why == *. && $why != *….  ]]; then
			violation "$place" "$code says why with a full stop: $why"
		fi
		lower=${hint,,}
		if [[ -z $hint ]]; then
			violation "$place" "$code says nothing about what to do: $what"
		elif [[ $hint != … && ! $lower =~ (^|[ \(\[])($actions)[\ :] && ! $lower =~ ($by_itself) ]]; then
			violation "$place" "$code names no action: $hint"
		fi
		if [[ $lower =~ (this|a\ later)\ version ]]; then
			violation "$place" "$code puts a person off until a later version: $hint"
		fi
	done < <(perl "$(dirname "$house_script")/messages.pl" . | tr '\t' '\037')
	house_end
}

self_test() {
	self_test_begin
	write_file agent/a.c <<'END'
static const char *hint_of(bool far)
{
	return far ? "Look there: ls" : "The agent tries again by itself.";
}

static struct error *fails(struct arena *arena, const char *name, bool far)
{
	return FAIL(arena, LATE, .what = arena_printf(arena, "'%s' is late", name),
	            .why = "it is "
	                   "old",
	            .hint = hint_of(far));
}
END
	must_pass "the message has all its parts"
	must_find agent/b.c 'struct error *b(struct arena *arena) { return FAIL(arena, LATE, .what = "it is late"); }' \
		"agent/b.c:1: LATE says nothing about what to do"
	must_find agent/b.c 'struct error *b(struct arena *arena) { return FAIL(arena, LATE, .what = "It is late", .hint = "Wait."); }' \
		"LATE says what failed with a capital"
	must_find agent/b.c 'struct error *b(struct arena *arena) { return FAIL(arena, LATE, .what = "it is late.", .hint = "Type: ls"); }' \
		"or a full stop: it is late."
	must_find agent/b.c 'struct error *b(struct arena *arena) { return FAIL(arena, LATE, .what = "late", .hint = "This is bad."); }' \
		"LATE names no action: This is bad."
	must_find agent/b.c 'static struct error *c(struct arena *arena, const char *hint) { return FAIL(arena, LATE, .what = "late", .hint = hint); }
struct error *b(struct arena *arena) { return c(arena, "Too bad."); }' "LATE names no action: Too bad."
	must_find agent/b.c 'static const struct { int code; const char *hint; } rows[] = {{ERR_LATE, "Type: ls"}, {ERR_OLD, "Old."}};
struct error *b(struct arena *arena, int i) { return error_new(arena, rows[i].code, &(struct error_text){"it is", NULL, rows[i].hint}); }' \
		"OLD names no action: Old."
	must_pass "everything was put back"
	self_test_end
}

case ${1:-} in
--self-test) self_test ;;
*) check_tree "${1:-$house_root}" ;;
esac
