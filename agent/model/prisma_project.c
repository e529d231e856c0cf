/*
 * One small lexer serves Prisma's schema and the TypeScript of its configuration: words, texts, single signs, comments
 * left out. What a reader gets wrong: this is no parser of either language; a key is known by the braces that it stands
 * in, and everything around is skipped.
 */
#include "model/prisma_project.h"

#include <ctype.h>
#include <strings.h>

#define DEPTH_MAXIMUM 16   /* braces in braces; what is deeper is skipped */
#define TOKEN_MAXIMUM 4096 /* bytes of a word or text; a longer one is cut */
#define LINE_MAXIMUM (64 * 1024)
#define TARGET_NAME_MAXIMUM 40

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	const char *text; /* of a sign: the one character */
};

struct lexer {
	struct arena *arena;
	const char *at, *end;
};

struct value { /* of a key: what a URL or path can be read from. variable "": the next name or text is it */
	struct text_list texts;
	const char *variable;
	bool only_texts; /* nothing but texts, commas, parentheses and path.join */
};

static struct token next(struct lexer *lexer);
static bool skip_comment(struct lexer *lexer);
static struct token take_text(struct lexer *lexer, char quote);
static bool is_word(char c);
static bool is_sign(struct token token, char sign);
static void read_datasource(struct lexer *lexer, struct prisma_datasource *datasource);
static struct token read_value(struct lexer *lexer, struct token token, struct value *value);
static void take_setting(struct arena *arena, const char *const *path, size_t depth,
                         const char *key, const struct value *value, struct prisma_config *config);
static const char *name_or_nothing(const char *name);
static const char *first_text(const struct value *value);
static const char *take_line(struct arena *arena, const char **at, const char *end);
static const char *unquoted(struct arena *arena, const char *value);
static bool is_name(const char *name, size_t size);
static const char *github_name(struct arena *arena, const char *host, const char *path);

/* ---- Prisma ---- */

void prisma_schema_read(struct arena *arena, struct bytes bytes,
                        struct prisma_datasource *ret_datasource)
{
	struct lexer lexer = {arena, bytes.data, bytes.data + bytes.size};
	struct prisma_datasource datasource = {0};
	int depth = 0;

	for (struct token token = next(&lexer); token.kind != TOKEN_END && !datasource.found;
	     token = next(&lexer)) {
		if (is_sign(token, '{'))
			depth++;
		else if (is_sign(token, '}') && depth > 0)
			depth--;
		else if (depth == 0 && token.kind == TOKEN_WORD &&
		         text_equal(token.text, "datasource") && next(&lexer).kind == TOKEN_WORD &&
		         is_sign(next(&lexer), '{'))
			read_datasource(&lexer, &datasource);
	}
	*ret_datasource = datasource;
}

static void read_datasource(struct lexer *lexer, struct prisma_datasource *datasource)
{
	struct token token = next(lexer);

	datasource->found = true;
	while (token.kind != TOKEN_END && !is_sign(token, '}')) {
		const char *key = token.kind == TOKEN_WORD ? token.text : NULL;
		struct token value;

		token = next(lexer);
		if (!key || !is_sign(token, '='))
			continue;
		value = next(lexer);
		if (value.kind == TOKEN_TEXT && text_equal(key, "provider"))
			datasource->provider = value.text;
		if (value.kind == TOKEN_TEXT && text_equal(key, "url"))
			datasource->url_is_literal = true;
		token = next(lexer);
		if (text_equal(value.text, "env") && is_sign(token, '(')) {
			token = next(lexer);
			if (token.kind == TOKEN_TEXT && text_equal(key, "url"))
				datasource->url_variable = name_or_nothing(token.text);
			if (token.kind == TOKEN_TEXT && text_equal(key, "directUrl"))
				datasource->direct_variable = name_or_nothing(token.text);
		}
		while (is_sign(value, '[') && token.kind == TOKEN_TEXT) {
			if (text_equal(key, "schemas"))
				*LIST_ADD(lexer->arena, &datasource->schemas) = token.text;
			token = next(lexer);
			if (is_sign(token, ','))
				token = next(lexer);
		}
	}
}

/* Settings stand in the outermost braces: { schema: "…", migrations: { path: "…" }, datasource: { url: env("…") } } */
void prisma_config_read(struct arena *arena, struct bytes bytes, struct prisma_config *ret_config)
{
	struct lexer lexer = {arena, bytes.data, bytes.data + bytes.size};
	const char *path[DEPTH_MAXIMUM] = {0}, *key = NULL; /* NULL in it: braces without a key */
	struct prisma_config config = {0};
	size_t depth = 0;
	struct token token = next(&lexer);

	while (token.kind != TOKEN_END) {
		const struct token before = token;
		struct value value = {.only_texts = true};

		token = next(&lexer);
		if (is_sign(before, '{')) {
			if (depth < DEPTH_MAXIMUM)
				path[depth] = key;
			depth++;
			key = NULL;
		} else if (is_sign(before, '}')) {
			depth -= depth > 0;
			key = NULL;
		} else if ((before.kind == TOKEN_WORD || before.kind == TOKEN_TEXT) &&
		           is_sign(token, ':')) {
			key = before.text;
			token = next(&lexer);
			if (is_sign(token, '{'))
				continue;
			token = read_value(&lexer, token, &value);
			take_setting(arena, path, depth, key, &value, &config);
			key = NULL;
		}
	}
	*ret_config = config;
}

/* To the comma or brace that ends it, or to a '=', since then it was the type of a variable. */
static struct token read_value(struct lexer *lexer, struct token token, struct value *value)
{
	static const char *const of_paths[] = {"path",   "join", "resolve", "__dirname",
	                                       "import", "meta", "dirname"};
	int inside = 0;

	for (; token.kind != TOKEN_END; token = next(lexer)) {
		const bool wanted = value->variable && !*value->variable;
		bool known = false;

		if (inside == 0 && (is_sign(token, ',') || is_sign(token, '}') ||
		                    is_sign(token, '=') || is_sign(token, ';')))
			break;
		if (is_sign(token, '(') || is_sign(token, '[') || is_sign(token, '{'))
			inside++;
		else if (is_sign(token, ')') || is_sign(token, ']') || is_sign(token, '}'))
			inside -= inside > 0;
		if (token.kind == TOKEN_TEXT && wanted)
			value->variable = token.text;
		else if (token.kind == TOKEN_TEXT)
			*LIST_ADD(lexer->arena, &value->texts) = token.text;
		if (token.kind != TOKEN_WORD)
			continue;
		for (size_t i = 0; i < sizeof of_paths / sizeof *of_paths && !known; i++)
			known = text_equal(token.text, of_paths[i]);
		value->only_texts = value->only_texts && known;
		if (text_equal(token.text, "env") && !value->variable)
			value->variable = ""; /* env("X"), env<Env>("X"), process.env.X */
		else if (wanted && !text_equal(token.text, "Env") && !text_equal(token.text, "env"))
			value->variable = token.text;
	}
	return token;
}

static void take_setting(struct arena *arena, const char *const *path, size_t depth,
                         const char *key, const struct value *value, struct prisma_config *config)
{
	const char *variable = value->variable ? name_or_nothing(value->variable) : NULL;
	const char *parent = depth == 2 ? path[1] : NULL;
	const bool is_path = value->only_texts && value->texts.count;

	if (depth < 1 || depth > 2 || path[0])
		return;
	if (depth == 1 && text_equal(key, "schema") && is_path)
		config->schema = text_join(arena, &value->texts, "/");
	else if (text_equal(parent, "migrations") && text_equal(key, "path") && is_path)
		config->migrations = text_join(arena, &value->texts, "/");
	else if (text_equal(parent, "datasource") && text_equal(key, "url")) {
		config->url_variable = variable;
		config->url_is_literal = !variable && first_text(value);
	} else if (text_equal(parent, "datasource") && text_equal(key, "directUrl"))
		config->direct_variable = variable;
}

/* Names are shown in commands that people type: what is no name for a shell is none. */
static const char *name_or_nothing(const char *name)
{
	return is_name(name, strlen(name)) ? name : NULL;
}

static const char *first_text(const struct value *value)
{
	return value->texts.count ? value->texts.items[0] : NULL;
}

static struct token next(struct lexer *lexer)
{
	const char *start;

	for (;;) {
		while (lexer->at < lexer->end && isspace((unsigned char)*lexer->at))
			lexer->at++;
		if (!skip_comment(lexer))
			break;
	}
	if (lexer->at == lexer->end)
		return (struct token){TOKEN_END, NULL};
	start = lexer->at;
	if (*start == '"' || *start == '\'' || *start == '`')
		return take_text(lexer, *start);
	while (lexer->at < lexer->end && is_word(*lexer->at))
		lexer->at++;
	if (lexer->at > start) {
		size_t size = (size_t)(lexer->at - start);

		return (struct token){TOKEN_WORD,
		                      arena_copy(lexer->arena, start,
		                                 size < TOKEN_MAXIMUM ? size : TOKEN_MAXIMUM)};
	}
	lexer->at++;
	return (struct token){TOKEN_SIGN, arena_copy(lexer->arena, start, 1)};
}

static bool skip_comment(struct lexer *lexer)
{
	const size_t left = (size_t)(lexer->end - lexer->at);

	if (left < 2 || lexer->at[0] != '/' || (lexer->at[1] != '/' && lexer->at[1] != '*'))
		return false;
	if (lexer->at[1] == '/') {
		while (lexer->at < lexer->end && *lexer->at != '\n')
			lexer->at++;
		return true;
	}
	for (lexer->at += 2; lexer->at < lexer->end; lexer->at++)
		if (lexer->at[0] == '/' && lexer->at[-1] == '*')
			break;
	lexer->at += lexer->at < lexer->end;
	return true;
}

/* A text ends with its line, when its quote is missing; one in backquotes does not. */
static struct token take_text(struct lexer *lexer, char quote)
{
	struct text text = TEXT_IN(lexer->arena);

	for (lexer->at++; lexer->at < lexer->end && *lexer->at != quote; lexer->at++) {
		if (*lexer->at == '\n' && quote != '`')
			break;
		if (*lexer->at == '\\' && lexer->at + 1 < lexer->end)
			lexer->at++;
		if (text.size < TOKEN_MAXIMUM && *lexer->at)
			text_add_bytes(&text, lexer->at, 1);
	}
	lexer->at += lexer->at < lexer->end;
	return (struct token){TOKEN_TEXT, text_get(&text)};
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool is_sign(struct token token, char sign)
{
	return token.kind == TOKEN_SIGN && token.text[0] == sign;
}

/* ---- .env ---- */

/* A value in quotes may go over lines, which are then no names. */
void dotenv_names(struct arena *arena, struct bytes bytes, struct text_list *ret_names)
{
	const char *at = bytes.data, *end = bytes.data + bytes.size;
	struct text_list names = {0};

	while (at < end && names.count < PROJECT_NAMES_MAXIMUM) {
		const char *line = text_trim(arena, take_line(arena, &at, end)), *name, *value;
		size_t size;
		bool known = false;

		if (text_starts(line, "export ") || text_starts(line, "export\t"))
			line = text_trim(arena, line + 7);
		size = strcspn(line, "= \t");
		name = arena_copy(arena, line, size);
		value = line + size + strspn(line + size, " \t");
		if (*value != '=' || !is_name(name, size))
			continue;
		value = text_trim(arena, value + 1);
		if ((*value == '"' || *value == '\'') && !strchr(value + 1, *value)) {
			const char *close = memchr(at, *value, (size_t)(end - at));

			if (close)
				at = close + 1;
		}
		for (size_t i = 0; i < names.count && !known; i++)
			known = text_equal(names.items[i], name);
		if (!known)
			*LIST_ADD(arena, &names) = name;
	}
	*ret_names = names;
}

static bool is_name(const char *name, size_t size)
{
	if (!size || size > 200 || isdigit((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_')
			return false;
	return true;
}

/* The next line; NULs in it become spaces. */
static const char *take_line(struct arena *arena, const char **at, const char *end)
{
	const char *start = *at, *stop = memchr(start, '\n', (size_t)(end - start));
	size_t size = (size_t)((stop ? stop : end) - start);
	char *line = arena_copy(arena, start, size < LINE_MAXIMUM ? size : LINE_MAXIMUM);

	*at = stop ? stop + 1 : end;
	for (size_t i = 0; i < size && i < LINE_MAXIMUM; i++)
		if (!line[i])
			line[i] = ' ';
	return line;
}

/* ---- git ---- */

void git_settings_read(struct arena *arena, struct bytes bytes, struct git_settings *settings)
{
	const struct {
		const char *section, *key;
		const char **value;
	} rows[] = {
		{"remote \"origin\"", "url", &settings->origin},
		{"user", "signingkey", &settings->signing_key},
		{"user", "email", &settings->email},
		{"gpg", "format", &settings->signing_format},
	};
	const char *at = bytes.data, *end = bytes.data + bytes.size, *section = "";

	while (at < end) {
		const char *line = text_trim(arena, take_line(arena, &at, end)), *key, *value;
		const size_t size = strcspn(line, "= \t");

		if (*line == '[') {
			const char *close = strrchr(line, ']');

			section = close ? arena_copy(arena, line + 1, (size_t)(close - line - 1))
			                : "";
			continue;
		}
		key = arena_copy(arena, line, size);
		value = line + size + strspn(line + size, " \t");
		if (*value != '=' || !size || *line == '#' || *line == ';')
			continue;
		value = unquoted(arena, text_trim(arena, value + 1));
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			if (strcasecmp(section, rows[i].section) == 0 &&
			    strcasecmp(key, rows[i].key) == 0 && *value)
				*rows[i].value = value;
	}
}

/* Quotes, escapes and comments of git-config(1). */
static const char *unquoted(struct arena *arena, const char *value)
{
	struct text text = TEXT_IN(arena);
	bool quoted = false;

	for (; *value; value++) {
		if (*value == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (*value == '#' || *value == ';'))
			break;
		if (*value == '\\' && value[1])
			value++;
		text_add_bytes(&text, value, 1);
	}
	return text_trim(arena, text_get(&text));
}

const char *git_head_branch(struct arena *arena, struct bytes bytes)
{
	static const char *const prefixes[] = {"ref: refs/remotes/origin/", "ref: refs/heads/"};
	const char *line =
		bytes.size ? text_trim(arena, arena_copy(arena, bytes.data, bytes.size)) : "";

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (text_starts(line, prefixes[i]) && line[strlen(prefixes[i])] &&
		    !text_has_control(line))
			return line + strlen(prefixes[i]);
	return NULL;
}

void remote_address_read(struct arena *arena, const char *text, struct remote_address *ret_address)
{
	struct remote_address address = {.url = arena_text(arena, text)};
	const char *scheme_end = strstr(text, "://"), *rest, *at, *host, *path;
	const bool is_scp = !scheme_end && *text != '/' && *text != '.' && strchr(text, ':');
	const bool is_ssh =
		is_scp || text_starts(text, "ssh://") || text_starts(text, "git+ssh://");
	size_t authority;

	if (!scheme_end && !is_scp) {
		*ret_address = address;
		return;
	}
	rest = scheme_end ? scheme_end + 3 : text;
	authority = strcspn(rest, is_scp ? ":" : "/");
	at = memrchr(rest, '@', authority);
	host = at ? at + 1 : rest;
	authority -= (size_t)(host - rest);
	path = host + authority + (host[authority] != '\0');
	host = arena_copy(arena, host, authority);
	if (at && !is_ssh) {
		address.had_secret = true;
		address.url =
			arena_printf(arena, "%.*s%s/%s", (int)(rest - text), text, host, path);
	} else if (at && !is_scp && memchr(rest, ':', (size_t)(at - rest))) {
		address.had_secret = true;
		address.url = arena_printf(arena, "%.*s%.*s@%s/%s", (int)(rest - text), text,
		                           (int)strcspn(rest, ":"), rest, host, path);
	}
	address.github = github_name(arena, host, path);
	if (address.github && is_ssh) {
		address.was_ssh = true;
		address.url = arena_printf(arena, "https://github.com/%s.git", address.github);
	}
	*ret_address = address;
}

static const char *github_name(struct arena *arena, const char *host, const char *path)
{
	static const char *const hosts[] = {"github.com", "www.github.com", "ssh.github.com"};
	const size_t size = strcspn(host, ":");
	const char *slash, *name;
	bool known = false;

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		known = known ||
		        (strlen(hosts[i]) == size && strncasecmp(host, hosts[i], size) == 0);
	path += strspn(path, "/");
	slash = strchr(path, '/');
	if (!known || !slash || slash == path || !slash[1] || text_has_control(path))
		return NULL;
	name = arena_text(arena, path);
	while (text_ends(name, "/"))
		name = arena_copy(arena, name, strlen(name) - 1);
	if (text_ends(name, ".git"))
		name = arena_copy(arena, name, strlen(name) - 4);
	slash = strchr(name, '/');
	return slash && slash[1] && !strchr(slash + 1, '/') &&
	                       !name[strspn(name,
	                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                                    "0123456789-_./")]
	               ? name
	               : NULL;
}

const char *target_name_of(struct arena *arena, const char *text)
{
	struct text name = TEXT_IN(arena);
	const char *trimmed;

	for (; *text && name.size < TARGET_NAME_MAXIMUM; text++) {
		const char c = (char)tolower((unsigned char)*text);

		if (isascii((unsigned char)c) && isalnum((unsigned char)c))
			text_add_bytes(&name, &c, 1);
		else if (name.size && name.data[name.size - 1] != '-')
			text_add(&name, "-");
	}
	trimmed = text_get(&name);
	while (text_ends(trimmed, "-"))
		trimmed = arena_copy(arena, trimmed, strlen(trimmed) - 1);
	return *trimmed ? trimmed : "target";
}
