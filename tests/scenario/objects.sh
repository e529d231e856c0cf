# Trees that git's own commands would not write: put_entry, put_file and take_back build them object by object.
# shellcheck shell=bash
# shellcheck disable=SC2154 # work and commit are lib.sh's

put_entry() { # MODE TYPE OBJECT PATH: a signed commit of alice's that adds the entry under prisma/migrations
	local path=prisma/migrations/$4 tree
	tree=$(entries_of "$(dirname "$path")" |
		{ cat && printf '%s %s %s\t%s\0' "$1" "$2" "$3" "$(basename "$path")"; } | git -C "$work" mktree -z --missing)
	while [[ $path == */* ]]; do
		path=$(dirname "$path")
		tree=$(replace_entry "$(dirname "$path")" "$(basename "$path")" "$tree")
	done
	commit_tree "$tree" "Put $(printf '%q' "$4")"
}

replace_entry() { # FOLDER NAME TREE: the folder's tree with another sub-tree of that name
	entries_of "$1" | { grep -zv -- $'\t'"$2\$" || true; } |
		{ cat && printf '040000 tree %s\t%s\0' "$3" "$2"; } | git -C "$work" mktree -z --missing
}

entries_of() { # FOLDER: . is the root; nothing when it is not there
	local folder=HEAD:$1
	if [[ $1 == . ]]; then
		folder=HEAD:
	fi
	git -C "$work" ls-tree -z "$folder" 2>/dev/null || true
}

put_file() { # PATH: a file under prisma/migrations with the bytes of standard input
	put_entry 100644 blob "$(git -C "$work" hash-object -w --stdin)" "$1"
}

take_back() { # the tree of the commit before, in a signed commit
	commit_tree "$(git -C "$work" rev-parse 'HEAD^^{tree}')" "Take it back"
}

commit_tree() { # TREE MESSAGE: on top of main, without a work tree, and pushed
	commit=$(git_as alice commit-tree -S -p HEAD -m "$2" "$1")
	git -C "$work" update-ref HEAD "$commit"
	say "commit ${commit:0:8}: $2"
	push
}
