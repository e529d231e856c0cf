#!/usr/bin/perl
# The words of every error, taken out of the C sources: each FAIL(…) and error_new(…) of agent/, with what it says, why,
# and what to do. Needs no more than perl-base. A reader might take it for a compiler: it is one for texts alone. It follows
# a text through conditionals, local variables, parameters to the callers, functions that return texts, tables and macros;
# where it cannot follow, it writes the name of the value in capitals, or "…".
#
#   messages.pl TREE               one message per line: CODE, PLACE, WHAT, WHY, HINT, separated by tabs
#   messages.pl --markdown TREE    the areas, codes and messages of docs/errors.md
#
# A site whose code is not a name (`row - error_rows()`) hands on a message that another site made, and is left out. So is
# one with the comment "not shown" on its first line: its message is read by the program alone.
use strict;
use warnings;

my $ALTERNATIVES = 12;    # of one text; more of them would tell a reader nothing
my $DEPTH        = 12;
my $CALLERS      = 3;     # how far up a text is followed

our $loose = 0;     # do not ask for more callers
our $rows  = {};    # table -> the number of the row that is looked at

my (%macros, %functions, %files, %callers, %structs, %members);

main();

sub main {
	my $markdown = @ARGV && $ARGV[0] eq '--markdown' ? shift @ARGV : '';
	my $tree     = shift @ARGV // '.';
	chdir $tree or die "messages.pl: $tree: $!\n";
	my @paths = sort(sources('agent'), sources('include'));
	read_source($_) for @paths;
	find_callers();
	my (%seen, %messages);
	my @lines = map { sites($_) } grep { /\.c$/ } @paths;
	for my $line (sort { $a->[0] cmp $b->[0] || $a->[5] <=> $b->[5] } @lines) {
		my @fields = @$line[0 .. 4];
		s/[\t\n]+/ /g for @fields;
		my $text = join "\t", @fields[0, 2 .. 4];
		next if $seen{$text}++;
		if   ($markdown) { push @{$messages{$fields[0]}}, [@fields[2 .. 4]] }
		else             { print join("\t", @fields), "\n" }
	}
	print_markdown(\%messages) if $markdown;
}

sub sources {    # the C files below a folder
	my ($folder) = @_;
	my @found;
	opendir my $handle, $folder or return;
	for my $name (sort readdir $handle) {
		next if $name =~ /^\./;
		if    (-d "$folder/$name")  { push @found, sources("$folder/$name") }
		elsif ($name =~ /\.[ch]$/) { push @found, "$folder/$name" }
	}
	return @found;
}

# --- the document -------------------------------------------------------------------------------------------------

sub print_markdown {    # areas and their headings are the comments of errors.def
	my ($messages) = @_;
	my (@areas, %heading);
	open my $handle, '<', 'include/base/errors.def' or die "messages.pl: include/base/errors.def: $!\n";
	while (my $line = <$handle>) {
		push @areas, {heading => "$1: $2", rows => []} if $line =~ m{^/\* ([A-Z]): (.*) \*/$};
		push @{$areas[-1]{rows}}, [$1, $2, lc $3, $4, $5]
			if $line =~ /^ERROR\((\w+), "(\w+)", (\w+), (\d+), "(.*)"\)$/;
	}
	for my $area (@areas) {
		print "\n## $area->{heading}\n\n| code | meaning | the agent | exit status |\n|---|---|---|---|\n";
		print "| $_->[1] | $_->[4] | $_->[2] | $_->[3] |\n" for @{$area->{rows}};
		for my $row (@{$area->{rows}}) {
			my ($name, $code, $sentence) = @$row[0, 1, 4];
			print "\n### $code: $sentence\n\n";
			print_messages($messages->{$name} || []);
		}
	}
}

sub print_messages {    # those that differ in the reason alone are one
	my ($messages) = @_;
	my (@order, %reasons);
	for my $message (@$messages) {
		my $key = "$message->[0]\t$message->[2]";
		push @order, $key unless $reasons{$key};
		push @{$reasons{$key}}, split / \| (?![^(\[]*[)\]])/, $message->[1];
	}
	for my $key (@order) {
		my ($what, $hint) = map { escaped($_) } split /\t/, $key, 2;
		my @why = grep { $_ ne '…' } unique(@{$reasons{$key}});
		print "- $what\n";
		print "  - why: ", escaped(join(' | ', @why)), "\n" if @why;
		print "  - what to do: ", ($hint eq '…' ? 'what the reason asks for' : $hint), "\n";
	}
	print "- a state of the plan, with no message of its own\n" unless @order;
}

sub escaped {
	my ($text) = @_;
	$text =~ s/&/&amp;/g;
	$text =~ s/</&lt;/g;
	$text =~ s/([*\[\]])/\\$1/g;
	$text =~ s/\](?=\()/] /g;
	return $text;
}

# --- reading ------------------------------------------------------------------------------------------------------

sub read_source {
	my ($path) = @_;
	local $/;
	open my $handle, '<', $path or die "messages.pl: $path: $!\n";
	my $text = <$handle>;
	my %hidden;
	my $number = 0;
	for my $line (split /\n/, $text, -1) { $number++; $hidden{$number} = 1 if $line =~ m{/\* not shown\b} }
	my $tokens = tokenise($path, $text);
	$files{$path} = {path => $path, tokens => $tokens, hidden => \%hidden, tables => {}, macros => {}};
	read_declarations($files{$path});
}

# A token is [text, line, kind]; kinds: s string, i identifier, n number, c character, p the rest.
sub tokenise {
	my ($path, $text) = @_;
	my @tokens;
	my $line = 1;
	for ($text) {
		while (!/\G\z/gc) {
			if (/\G\n/gc) { $line++ }
			elsif (/\G[^\S\n]+/gc) { }
			elsif (m{\G/\*(.*?)\*/}gcs) { $line += () = $1 =~ /\n/g }
			elsif (m{\G//[^\n]*}gc)     { }
			elsif (/\G\\\n/gc)          { $line++ }
			elsif (/\G#[ \t]*define[ \t]+(\w+)((?:\\\n|[^\n])*)/gc) {
				my ($name, $body) = ($1, $2);
				$line += () = $body =~ /\n/g;
				$macros{$path}{$name} = tokenise($path, $body) if $body =~ /^\s/;
			}
			elsif (/\G#(?:\\\n|[^\n])*/gc) { $line += () = $& =~ /\n/g }
			elsif (/\G"((?:[^"\\\n]|\\.)*)"/gcs) { push @tokens, [unescape($1), $line, 's'] }
			elsif (/\G'(?:[^'\\]|\\.)+'/gc)      { push @tokens, [$&, $line, 'c'] }
			elsif (/\G[A-Za-z_]\w*/gc)           { push @tokens, [$&, $line, 'i'] }
			elsif (/\G\d[\w.]*/gc)               { push @tokens, [$&, $line, 'n'] }
			elsif (/\G(->|\.\.\.|[<>=!]=|&&|\|\||\+\+|--|[-+*\/|&]=|.)/gcs) { push @tokens, [$1, $line, 'p'] }
		}
	}
	return \@tokens;
}

sub unescape {
	my ($text) = @_;
	$text =~ s/\\n/ /g;
	$text =~ s/\\t/ /g;
	$text =~ s/\\(["\\'])/$1/g;
	return $text;
}

sub read_declarations {    # the functions of a file, its structures, and its tables
	my ($file) = @_;
	my $tokens = $file->{tokens};
	my $at     = 0;
	while ($at < @$tokens) {
		my $text = $tokens->[$at][0];
		if ($text eq '{') {
			my $end = closing($tokens, $at);
			my $open = $at - 1;
			if ($open > 0 && $tokens->[$open][0] eq ')') {
				my $begin = opening($tokens, $open);
				read_function($file, $begin, $open, $at, $end) if $begin > 0 && $tokens->[$begin - 1][2] eq 'i';
			}
			elsif ($tokens->[$open][0] eq '=' && $open > 1 && $tokens->[$open - 1][0] eq ']') { read_table($file, $at, $end) }
			else { read_struct($file, $at, $end) and read_table_behind($file, $end) }
			$at = $end;
		}
		$at++;
	}
}

sub read_function {
	my ($file, $begin, $close, $body, $end) = @_;
	my $tokens     = $file->{tokens};
	my $name       = $tokens->[$begin - 1][0];
	my @parameters = map { my @w = grep { $_->[2] eq 'i' } @$_; @w ? $w[-1][0] : '' } split_list($tokens, $begin + 1, $close - 1);
	my $is_static  = 0;
	for (my $at = $begin - 2; $at >= 0 && $tokens->[$at][0] !~ /^[;}]$/; $at--) { $is_static = 1 if $tokens->[$at][0] eq 'static' }
	my $function = {
		name => $name, file => $file, parameters => \@parameters, body => [$body, $end], static => $is_static,
		line => $tokens->[$begin - 1][1], locals => {}, tables => {},
	};
	$file->{functions}{$name} = $function;
	$functions{$name} = $function unless $is_static;
	for (my $at = $body + 1; $at < $end; $at++) {    # locals, and tables inside
		my ($text, undef, $kind) = @{$tokens->[$at]};
		if ($text eq '{' && $tokens->[$at - 1][0] eq '=' && $tokens->[$at - 2][0] eq ']') {
			read_table($file, $at, closing($tokens, $at));
		}
		elsif ($text eq '{' && $tokens->[$at - 1][0] eq 'struct') {
			read_struct($file, $at, closing($tokens, $at));
		}
		if ($text eq '=' && $tokens->[$at - 1][0] eq ']' && $tokens->[$at - 2][0] eq '[') {    # char name[] = "…"
			push @{$function->{locals}{$tokens->[$at - 3][0]}}, [$at + 1, expression_end($tokens, $at + 1, $end)];
		}
		if ($text eq '=' && $tokens->[$at - 1][2] eq 'i') {
			my $last = expression_end($tokens, $at + 1, $end);
			my $owner = $tokens->[$at - 2][0];
			if ($owner eq '.' || $owner eq '->') {
				push @{$file->{assigned}{$tokens->[$at - 1][0]}}, [$function, $at + 1, $last];
			}
			else { push @{$function->{locals}{$tokens->[$at - 1][0]}}, [$at + 1, $last] }
		}
	}
	my $returns = [];
	for (my $at = $body + 1; $at < $end; $at++) {
		next unless $tokens->[$at][0] eq 'return';
		push @$returns, [$at + 1, expression_end($tokens, $at + 1, $end, 1)];
	}
	$function->{returns} = $returns;
}

sub expression_end {    # index of the last token of an expression
	my ($tokens, $at, $end) = @_;
	for (; $at < $end; $at++) {
		my $text = $tokens->[$at][0];
		return $at - 1 if $text eq ';' || $text eq ',' || $text eq '}' || $text eq ')';
		$at = closing($tokens, $at) if $text =~ /^[({\[]$/;
	}
	return $at - 1;
}

sub read_struct {    # `struct NAME {…}`, or one without a name, which is remembered for the table behind it
	my ($file, $open, $close) = @_;
	my $tokens = $file->{tokens};
	my $name   = $tokens->[$open - 1][0];
	return 0 unless $name eq 'struct' || ($open > 1 && $tokens->[$open - 2][0] eq 'struct');
	my @fields;
	my $from = $open + 1;
	for (my $at = $from; $at < $close; $at++) {
		$at = closing($tokens, $at) if $tokens->[$at][0] eq '{';
		next unless $tokens->[$at][0] eq ';';
		my $depth = 0;
		for (my $i = $from; $i <= $at; $i++) {
			my $text = $tokens->[$i][0];
			$i = closing($tokens, $i), next if $text =~ /^[(\[{]$/;
			push @fields, $tokens->[$i - 1][0] if ($text eq ',' || $text eq ';' || 0) && $tokens->[$i - 1][2] eq 'i';
			push @fields, $tokens->[opening($tokens, $i - 1) - 1][0] if $text =~ /^[,;]$/ && $tokens->[$i - 1][0] eq ']';
		}
		$from = $at + 1;
	}
	$structs{$name eq 'struct' ? "$file->{path}:$close" : $name} = \@fields;
	return 1;
}

sub read_table_behind {    # `static const struct {…} name[] = {…}`
	my ($file, $close) = @_;
	my $tokens = $file->{tokens};
	for (my $at = $close + 1; $at < @$tokens && $at < $close + 12; $at++) {
		return if $tokens->[$at][0] eq ';';
		read_table($file, $at, closing($tokens, $at)), return if $tokens->[$at][0] eq '{';
	}
}

sub read_table {    # `struct KIND name[] = { {…}, … }`: the rows, each a map of field to [first, last]
	my ($file, $open, $close) = @_;
	my $tokens  = $file->{tokens};
	my $bracket = opening($tokens, $open - 2);
	my $name    = $tokens->[$bracket - 1][0];
	my $kind    = $tokens->[$bracket - 2];
	my $fields  = $kind->[0] eq '}' ? $structs{"$file->{path}:" . ($bracket - 2)} : $structs{$kind->[0]};
	my @rows;
	for my $range (ranges($tokens, $open + 1, $close - 1)) {
		my ($first, $last) = @$range;
		if ($tokens->[$first][0] eq '[') {    # [INDEX] = {…}
			$first = closing($tokens, $first) + 2;
		}
		if ($tokens->[$first][0] ne '{') { push @rows, {'' => [$first, $last]}; next }
		my (%row, $number);
		for my $field (ranges($tokens, $first + 1, closing($tokens, $first) - 1)) {
			my ($begin, $end) = @$field;
			if ($tokens->[$begin][0] eq '.' && $tokens->[$begin + 2][0] eq '=') { $row{$tokens->[$begin + 1][0]} = [$begin + 3, $end] }
			elsif ($fields) { $row{$fields->[$number++ || 0] // ''} = [$begin, $end] }
			$number //= 0;
		}
		push @rows, \%row;
	}
	$file->{tables}{$name} = {name => $name, file => $file, rows => \@rows, fields => $fields};
}

sub find_callers {
	for my $file (values %files) {
		for my $function (values %{$file->{functions}}) {
			my $tokens = $file->{tokens};
			for (my $at = $function->{body}[0]; $at < $function->{body}[1]; $at++) {
				next unless $tokens->[$at][2] eq 'i' && $tokens->[$at + 1][0] eq '(';
				my $called = $file->{functions}{$tokens->[$at][0]} || $functions{$tokens->[$at][0]} or next;
				push @{$callers{$called}}, [$function, $at];
			}
		}
	}
	for my $list (values %callers) {
		@$list = sort { $a->[0]{file}{path} cmp $b->[0]{file}{path} || $a->[1] <=> $b->[1] } @$list;
	}
}

# --- brackets and lists -------------------------------------------------------------------------------------------

sub closing {
	my ($tokens, $at) = @_;
	my $depth = 0;
	for (; $at < @$tokens; $at++) {
		next if $tokens->[$at][2] ne 'p';
		$depth++ if $tokens->[$at][0] =~ /^[({\[]$/;
		$depth-- if $tokens->[$at][0] =~ /^[)}\]]$/;
		return $at if !$depth;
	}
	return $#$tokens;
}

sub opening {
	my ($tokens, $at) = @_;
	my $depth = 0;
	for (; $at >= 0; $at--) {
		next if $tokens->[$at][2] ne 'p';
		$depth++ if $tokens->[$at][0] =~ /^[)}\]]$/;
		$depth-- if $tokens->[$at][0] =~ /^[({\[]$/;
		return $at if !$depth;
	}
	return 0;
}

sub ranges {    # the parts between commas: [first, last] each
	my ($tokens, $first, $last) = @_;
	my @found;
	my $from = $first;
	for (my $at = $first; $at <= $last; $at++) {
		my $text = $tokens->[$at][2] eq 'p' ? $tokens->[$at][0] : '';
		$at = closing($tokens, $at), next if $text =~ /^[({\[]$/;
		if ($text eq ',') { push @found, [$from, $at - 1] if $from < $at; $from = $at + 1 }
	}
	push @found, [$from, $last] if $from <= $last;
	return @found;
}

sub split_list {
	my ($tokens, $first, $last) = @_;
	return map { [@$tokens[$_->[0] .. $_->[1]]] } ranges($tokens, $first, $last);
}

# --- the sites ----------------------------------------------------------------------------------------------------

sub sites {    # [CODE, PLACE, WHAT, WHY, HINT, order] of a file
	my ($path) = @_;
	my $file = $files{$path};
	my @found;
	for my $function (sort { $a->{line} <=> $b->{line} } values %{$file->{functions}}) {
		my $tokens = $file->{tokens};
		for (my $at = $function->{body}[0]; $at < $function->{body}[1]; $at++) {
			next unless $tokens->[$at][0] =~ /^(FAIL|error_new)$/ && $tokens->[$at + 1][0] eq '(';
			next if $file->{hidden}{$tokens->[$at][1]} || $file->{hidden}{$tokens->[$at][1] + 1};
			my @arguments = ranges($tokens, $at + 2, closing($tokens, $at + 1) - 1);
			my %site = (function => $function, place => "$path:$tokens->[$at][1]");
			if ($tokens->[$at][0] eq 'FAIL') {
				$site{code} = $tokens->[$arguments[1][0]][0];
				$site{texts} = text_fields($tokens, @arguments[2 .. $#arguments]);
			}
			else {
				$site{code_at} = $arguments[1];
				my ($first, $last) = @{$arguments[2]};
				my ($brace) = grep { $tokens->[$_][0] eq '{' } $first .. $last;
				if (defined $brace) { $site{texts} = text_fields($tokens, ranges($tokens, $brace + 1, closing($tokens, $brace) - 1)) }
				elsif (my $local = $function->{locals}{$tokens->[$last][0]}) {
					my ($open) = $local->[0][0];
					$site{texts} = text_fields($tokens, ranges($tokens, $open + 1, closing($tokens, $open) - 1));
					my $more = $file->{assigned}{hint};
					$site{more_hints} = [grep { $_->[0] == $function } @{$more || []}];
				}
				elsif (grep { $_ eq $tokens->[$last][0] } @{$function->{parameters}}) { $site{texts_from} = $tokens->[$last][0] }
			}
			push @found, expand(\%site, {function => $function, bound => undef}, 0);
		}
	}
	my $order = 0;
	return map { [@$_, $order++] } @found;
}

sub text_fields {
	my ($tokens, @ranges) = @_;
	my %texts;
	my @names = qw(what why hint);
	for my $range (@ranges) {
		my ($first, $last) = @$range;
		if ($tokens->[$first][0] eq '.') { $texts{$tokens->[$first + 1][0]} = [$first + 3, $last] }
		else                             { $texts{$names[scalar keys %texts]} = [$first, $last] }
	}
	return \%texts;
}

# Evaluates a site; when a parameter or a row of a table stands in the way, once for each caller or row.
sub expand {
	my ($site, $env, $depth) = @_;
	my @found;
	my $done = eval { @found = evaluate_site($site, $env); 1 };
	return @found if $done;
	my $need = $@;
	die $need unless ref $need;
	if ($need->{frame} && ($depth > $CALLERS || !is_frame_of($env, $need->{frame}))) {    # far enough
		local $loose = 1;
		return evaluate_site($site, $env);
	}
	if ($need->{table}) {
		my $count = @{$need->{table}{rows}};
		return map {
			local $rows = {%$rows, $need->{table} => $_};
			expand($site, $env, $depth + 1)
		} 0 .. $count - 1;
	}
	my $frame = $need->{frame};    # whose callers are wanted
	return map { expand($site, bind_caller($env, $frame, $_), $depth + 1) } @{$callers{$frame->{function}} || []};
}

sub is_frame_of {
	my ($env, $frame) = @_;
	for (; $env; $env = $env->{outer}) { return 1 if $env == $frame }
	return 0;
}

sub bind_caller {    # a copy of the environment in which the frame knows its caller
	my ($env, $frame, $call) = @_;
	my ($caller, $at) = @$call;
	my $tokens = $caller->{file}{tokens};
	my @given  = ranges($tokens, $at + 2, closing($tokens, $at + 1) - 1);
	if ($env == $frame) {
		return {%$env, bound => \@given, outer => {function => $caller, bound => undef}};
	}
	return {%$env, outer => bind_caller($env->{outer}, $frame, $call)} if $env->{outer};
	return $env;
}

sub evaluate_site {
	my ($site, $env) = @_;
	my ($texts, $from) = ($site->{texts}, $env);
	if ($site->{texts_from}) {
		my ($number) = grep { $env->{function}{parameters}[$_] eq $site->{texts_from} } 0 .. $#{$env->{function}{parameters}};
		return if $loose && !$env->{bound};
		die {frame => $env} unless $env->{bound};
		$from = $env->{outer};
		my $tokens = $from->{function}{file}{tokens};
		my ($first, $last) = @{$env->{bound}[$number]};
		my ($brace) = grep { $tokens->[$_][0] eq '{' } $first .. $last;
		return unless defined $brace;
		$texts = text_fields($tokens, ranges($tokens, $brace + 1, closing($tokens, $brace) - 1));
	}
	my @codes = $site->{code} ? ($site->{code}) : codes($env, $site->{code_at});
	my %text;
	for my $name (qw(what why hint)) {
		my $range = $texts->{$name};
		$text{$name} = $range ? join(' | ', texts($from, $range, 0)) : '';
	}
	for my $more (@{$site->{more_hints} || []}) {
		$text{hint} = join ' | ', unique(split(/ \| /, $text{hint}), texts($from, [@$more[1, 2]], 0));
	}
	my $place = $site->{place};
	$place = "$env->{outer}{function}{file}{path}:$env->{outer}{function}{file}{tokens}[$env->{bound}[0][0]][1]" if $env->{bound};
	return map { [$_, $place, $text{what}, $text{why}, $text{hint}] } unique(@codes);
}

sub codes {    # the names of ERR_… in an expression, behind tables and parameters
	my ($env, $range) = @_;
	my $tokens = $env->{function}{file}{tokens};
	my ($first, $last) = @$range;
	my $text = join '', map { $_->[0] } @$tokens[$first .. $last];
	return if $text =~ /error_rows\(\)/;
	my @named = map { $_->[0] =~ /^ERR_(.*)/ ? $1 : () } @$tokens[$first .. $last];
	return @named if @named;
	if (my @ways = ways_to($env, $range, 1)) { return map { codes(@$_) } @ways }
	return map { codes(@$_) } alternatives($env, $range);
}

# --- texts --------------------------------------------------------------------------------------------------------

sub unique { my %seen; return grep { !$seen{$_}++ } @_ }

sub texts {    # the texts that an expression can be; NULL is none
	my ($env, $range, $depth) = @_;
	my $tokens = $env->{function}{file}{tokens};
	my ($first, $last) = @$range;
	return '…' if $depth > $DEPTH;
	while ($first < $last && $tokens->[$first][0] eq '(' && closing($tokens, $first) == $last) { $first++; $last-- }
	if ($first < $last && $tokens->[$first][0] eq '(' && is_cast($tokens, $first)) {
		return texts($env, [closing($tokens, $first) + 1, $last], $depth + 1);
	}
	if (my @sides = conditional($tokens, $first, $last)) {
		my @found = unique(map { texts($env, $_, $depth + 1) } @sides);
		return @found > $ALTERNATIVES ? @found[0 .. $ALTERNATIVES - 1] : @found;
	}
	if (defined(my $literal = literal($env, $first, $last))) { return $literal }
	my $token = $tokens->[$first];
	if ($first == $last && $token->[2] eq 'i') { return named($env, $token->[0], $depth) }
	if ($token->[2] eq 'i' && $tokens->[$first + 1][0] eq '(' && closing($tokens, $first + 1) == $last) {
		return called($env, $token->[0], [ranges($tokens, $first + 2, $last - 1)], $depth);
	}
	if (my @ways = ways_to($env, [$first, $last], 0)) {
		my @found = unique(grep { $_ ne '' } map { texts(@$_, $depth + 1) } @ways);
		return @found > $ALTERNATIVES ? '…' : @found;
	}
	my $member = $tokens->[$last][0];
	if ($tokens->[$last][2] eq 'i' && $last > $first && $tokens->[$last - 1][0] =~ /^(\.|->)$/) {
		if (my @inside = in_given_text($env, $first, $last, $depth)) { return @inside }
		return '…' if $tokens->[$first][0] =~ /error$/ || $tokens->[$last - 2][0] =~ /error$/;
		my $assigned = $env->{function}{file}{assigned}{$member};
		if ($assigned && $member =~ /^(hint|next|mend|undo)$/) {
			my @found = unique(map { texts({function => $_->[0], bound => undef, loose => 1}, [@$_[1, 2]], $depth + 1) } @$assigned);
			return @found if @found && @found <= $ALTERNATIVES;
		}
	}
	return placeholder($tokens, $first, $last);
}

# `text->why`, where text is a parameter and the caller gives &(struct error_text){…}.
sub in_given_text {
	my ($env, $first, $last, $depth) = @_;
	my $function = $env->{function};
	my ($name, $member) = map { $function->{file}{tokens}[$_][0] } $first, $last;
	my ($number) = grep { $function->{parameters}[$_] eq $name } 0 .. $#{$function->{parameters}};
	return if !defined $number || $last != $first + 2 || $member !~ /^(what|why|hint)$/ || $name ne 'text';
	if (!$env->{bound}) { return if $loose; die {frame => $env} }
	my $tokens = $env->{outer}{function}{file}{tokens};
	my ($begin, $end) = @{$env->{bound}[$number]};
	my ($brace) = grep { $tokens->[$_][0] eq '{' } $begin .. $end;
	return unless defined $brace;
	my $range = text_fields($tokens, ranges($tokens, $brace + 1, closing($tokens, $brace) - 1))->{$member} or return '';
	return texts($env->{outer}, $range, $depth + 1);
}

sub is_cast {
	my ($tokens, $first) = @_;
	return $tokens->[$first + 1][0] =~ /^(const|struct|char|int|long|size_t|unsigned|void|enum)$/;
}

sub conditional {    # the sides of a ? b : c ? d : e, or nothing
	my ($tokens, $first, $last) = @_;
	my ($question, $nesting);
	for (my $at = $first; $at <= $last; $at++) {
		next if $tokens->[$at][2] ne 'p';
		my $text = $tokens->[$at][0];
		if ($text =~ /^[({\[]$/) { $at = closing($tokens, $at); next }
		if ($text eq '?') { $question //= $at, $nesting++ }
		if ($text eq ':' && $question && !--$nesting) {
			my @left  = conditional($tokens, $question + 1, $at - 1);
			my @right = conditional($tokens, $at + 1, $last);
			return (@left ? @left : [$question + 1, $at - 1], @right ? @right : [$at + 1, $last]);
		}
	}
	return;
}

sub literal {    # strings and macros of strings beside each other
	my ($env, $first, $last) = @_;
	my $tokens = $env->{function}{file}{tokens};
	my $text   = '';
	for my $at ($first .. $last) {
		my $part = literal_token($env->{function}{file}{path}, $tokens->[$at], 0);
		return unless defined $part;
		$text .= $part;
	}
	return $text;
}

sub literal_token {
	my ($path, $token, $depth) = @_;
	return $token->[0] if $token->[2] eq 's';
	return if $token->[2] ne 'i' || $depth > 4;
	return 'd' if $token->[0] =~ /^PRI[a-zA-Z]+\d+$/;
	my ($body) = grep { defined } $macros{$path}{$token->[0]}, map { $macros{$_}{$token->[0]} } sort grep { /\.h$/ } keys %macros;
	return unless $body && @$body;
	my $text = '';
	for my $part (@$body) {
		my $more = literal_token($path, $part, $depth + 1);
		return unless defined $more;
		$text .= $more;
	}
	return $text;
}

sub named {    # a local variable, a parameter, or a constant
	my ($env, $name, $depth) = @_;
	my $function = $env->{function};
	return if $name eq 'NULL';
	my @found;
	my ($number) = grep { $function->{parameters}[$_] eq $name } 0 .. $#{$function->{parameters}};
	if (defined $number) {
		if ($env->{bound}) {
			return placeholder_of($name) unless $env->{bound}[$number];
			@found = texts($env->{outer}, $env->{bound}[$number], $depth + 1);
		}
		elsif (!$loose && !$env->{loose} && callers_say($function, $number, 0)) { die {frame => $env} }
		else { return placeholder_of($name) }
	}
	for my $assigned (@{$function->{locals}{$name} || []}) {
		push @found, texts($env, $assigned, $depth + 2) if !$env->{busy}{$name}++;
		$env->{busy}{$name} = 0;
	}
	@found = unique(grep { $_ ne '' } @found);
	return placeholder_of($name) unless @found;
	return @found > $ALTERNATIVES ? @found[0 .. $ALTERNATIVES - 1] : @found;
}

sub callers_say {    # whether a caller gives words for this parameter
	my ($function, $number, $depth) = @_;
	return 0 if $depth > 3;
	for my $call (@{$callers{$function} || []}) {
		my ($caller, $at) = @$call;
		my $tokens = $caller->{file}{tokens};
		my $range  = (ranges($tokens, $at + 2, closing($tokens, $at + 1) - 1))[$number] or next;
		for my $i ($range->[0] .. $range->[1]) {
			my $token = $tokens->[$i];
			return 1 if defined literal_token($caller->{file}{path}, $token, 0);
		}
		my $name = $tokens->[$range->[0]][0];
		next if $range->[0] != $range->[1];
		return 1 if grep { $tokens->[$_][2] eq 's' } map { $_->[0] .. $_->[1] } @{$caller->{locals}{$name} || []};
		my ($outer) = grep { $caller->{parameters}[$_] eq $name } 0 .. $#{$caller->{parameters}};
		return 1 if defined $outer && callers_say($caller, $outer, $depth + 1);
	}
	return 0;
}

my %KNOWN = (
	text_duration => 'DURATION', text_size => 'SIZE', errno_text => "the system's reason", text_join => 'NAMES',
	error_line => 'REASON', arena_number => 'N', commit_short => 'COMMIT', path_join => 'PATH', text_get => '…',
	database_url_public => 'DATABASE', text_quoted => 'NAME', text_time => 'TIME', pg_words => 'REASON',
);

sub called {
	my ($env, $name, $arguments, $depth) = @_;
	my $tokens = $env->{function}{file}{tokens};
	if ($name eq 'arena_printf' || $name eq 'arena_vprintf') { return formatted($env, $arguments, $depth) }
	if ($name eq 'text_plural') { return 'N ' . (texts($env, $arguments->[2], $depth + 1))[0] . 's' }
	if ($name =~ /^(arena_text|text_clip|text_trim|arena_copy)$/) { return texts($env, $arguments->[1], $depth + 1) }
	return $KNOWN{$name} if $KNOWN{$name};
	my $function = $env->{function}{file}{functions}{$name} || $functions{$name};
	return '…' if !$function || $env->{calls}{$name};
	my $inner = {function => $function, bound => $arguments, outer => $env, calls => {%{$env->{calls} || {}}, $name => 1}};
	my @found = unique(grep { $_ ne '' } map { texts($inner, $_, $depth + 1) } @{$function->{returns}});
	return '…' if !@found || @found > $ALTERNATIVES;
	return @found;
}

sub formatted {    # arena_printf(arena, FORMAT, …): one text for each alternative of the format
	my ($env, $arguments, $depth) = @_;
	my @formats = texts($env, $arguments->[1], $depth + 1);
	my @results;
	for my $format (@formats) {
		my $next   = 2;
		my $result = '';
		while ($format =~ /\G([^%]*)(%(?:[-+ #0]*)(\*|\d*)(?:\.(\*|\d+))?(?:hh?|ll?|z|j)?([a-zA-Z%]))?/g) {
			my ($plain, $whole, $width, $precision, $kind) = ($1, $2, $3, $4, $5);
			$result .= $plain;
			last unless defined $whole;
			if ($kind eq '%') { $result .= '%'; next }
			$next++ if ($width // '') eq '*';
			$next++ if ($precision // '') eq '*';
			my $argument = $arguments->[$next++];
			$result .= $kind eq 's' || $kind eq 'c' ? inserted($env, $argument, $depth) : 'N';
		}
		push @results, $result;
	}
	return @results;
}

sub inserted {    # the text for one %s
	my ($env, $argument, $depth) = @_;
	return '…' unless $argument;
	my @found = unique(texts($env, $argument, $depth + 1));
	return $found[0] // '…' if @found < 2;
	my @said = grep { $_ ne '' } @found;
	return "[$said[0]]" if @said == 1;
	return '…' if @found > 6;
	return (@said < @found ? '[' : '(') . join(' | ', @said) . (@said < @found ? ']' : ')');
}

# --- tables -------------------------------------------------------------------------------------------------------

# `table[i].member` or `row->member`: [environment, range] of the member, in the row that is looked at or in each. A code that
# stands in a table asks for one row after the other.
sub ways_to {
	my ($env, $range, $is_code) = @_;
	my $file   = $env->{function}{file};
	my $tokens = $file->{tokens};
	my ($first, $last) = @$range;
	return if $tokens->[$first][2] ne 'i';
	my $table = $file->{tables}{$tokens->[$first][0]};
	my $member = '';
	if ($table) {
		return unless $tokens->[$first + 1][0] eq '[' && closing($tokens, $first + 1) >= $last - 2;
		$member = closing($tokens, $first + 1) == $last ? '' : $tokens->[$last][0];
	}
	elsif ($last == $first + 2 && $tokens->[$first + 1][0] =~ /^(->|\.)$/) {
		$member = $tokens->[$last][0];
		$table  = table_of($env->{function}, $tokens->[$first][0]);
	}
	return unless $table && grep { $_->{$member} } @{$table->{rows}};
	if (defined $rows->{$table}) {
		my $cell = $table->{rows}[$rows->{$table}]{$member} or return;
		return [$env, $cell];
	}
	die {table => $table} if $is_code;
	return map { $_->{$member} ? [$env, $_->{$member}] : () } @{$table->{rows}};
}

sub table_of {    # the table that a local pointer points into
	my ($function, $name) = @_;
	my $file   = $function->{file};
	my $tokens = $file->{tokens};
	for my $assigned (@{$function->{locals}{$name} || []}) {
		for my $at ($assigned->[0] .. $assigned->[1]) {
			my $text = $tokens->[$at][0];
			return $file->{tables}{$text} if $file->{tables}{$text} && ($tokens->[$at + 1][0] ne '(');
			my $called = $file->{functions}{$text} or next;
			for my $returned (@{$called->{returns}}) {
				for my $i ($returned->[0] .. $returned->[1]) {
					return $file->{tables}{$tokens->[$i][0]} if $file->{tables}{$tokens->[$i][0]};
				}
			}
		}
	}
	return;
}

sub alternatives {    # the expressions behind a local variable or a parameter: [environment, range] each
	my ($env, $range) = @_;
	my $tokens = $env->{function}{file}{tokens};
	my ($first, $last) = @$range;
	if (my @sides = conditional($tokens, $first, $last)) { return map { [$env, $_] } @sides }
	return if $first != $last || $tokens->[$first][2] ne 'i';
	my $name = $tokens->[$first][0];
	my ($number) = grep { $env->{function}{parameters}[$_] eq $name } 0 .. $#{$env->{function}{parameters}};
	if (defined $number) {
		die {frame => $env} unless $env->{bound} || $loose;
		return $env->{bound} ? [$env->{outer}, $env->{bound}[$number]] : ();
	}
	return map { [$env, $_] } @{$env->{function}{locals}{$name} || []};
}

# --- names for what is not known ----------------------------------------------------------------------------------

sub placeholder {
	my ($tokens, $first, $last) = @_;
	my @words = grep { $_->[2] eq 'i' } @$tokens[$first .. $last];
	return '…' if !@words || grep { $_->[0] =~ /^[(?]$/ } @$tokens[$first .. $last];
	my $name = $words[-1][0];
	if ($name =~ /^(name|items|data|i|text)$/ && @words > 1) { $name = $words[-2][0] =~ /^(items|i)$/ ? 'name' : $words[-2][0] . ($name eq 'name' ? '' : '') }
	return placeholder_of($name);
}

sub placeholder_of {
	my ($name) = @_;
	return 'COMMIT' if $name =~ /^(commit|id|oid|head|full)$/;
	return 'PATH'   if $name =~ /^(path|absolute)$/;
	return 'NAME'   if $name =~ /^(name|migration|item|row|entry)$/;
	return 'REASON' if $name =~ /^(why|reason|said|message|words|complaint|text)$/;
	return '…' if length $name > 16 || length $name < 2;
	return uc $name;
}
