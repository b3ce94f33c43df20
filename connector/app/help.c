/* Help for people and for programs, made from the tables of verbs and options. */
#include "mmsync/app.h"

#include <ctype.h>
#include <string.h>

/* Text is filled to this width, so that it stands in a terminal of 80. */
#define FILL_WIDTH ((size_t)78)
/* Names stand in a column of this width. */
#define NAME_WIDTH 26

bool
mms_verb_is_of(const struct mms_verb *verb, const char *name)
{
	size_t len = strlen(name);

	return len > 0 && strncmp(verb->name, name, len) == 0 &&
	       (verb->name[len] == '\0' || verb->name[len] == ' ');
}

const char *
mms_verb_last_word(const struct mms_verb *verb)
{
	const char *space = strchr(verb->name, ' ');

	return space != NULL ? space + 1 : verb->name;
}

/* ---- text ---------------------------------------------------------------------------------- */

/* One paragraph, filled; all lines but the first begin with so many blanks. */
static void
print_filled(FILE *out, const char *text, size_t len, size_t indent)
{
	size_t column = indent;

	for (size_t i = 0; i < len;) {
		size_t word = 0;

		while (i + word < len && text[i + word] != ' ')
			word++;
		if (column > indent && column + 1 + word > FILL_WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		column += (size_t)fprintf(out, "%s%.*s", column > indent ? " " : "", (int)word,
					  text + i);
		i += word + (i + word < len);
	}
	fputc('\n', out);
}

/* Lines that begin with two blanks stand as they are, others are paragraphs. */
static void
print_more(FILE *out, const char *more)
{
	bool was_literal = false;

	while (*more != '\0') {
		size_t len = strcspn(more, "\n");
		bool is_literal = strncmp(more, "  ", 2) == 0;

		if (len > 0 && !(is_literal && was_literal))
			fputc('\n', out);
		if (is_literal)
			fprintf(out, "%.*s\n", (int)len, more);
		else if (len > 0)
			print_filled(out, more, len, 0);
		was_literal = is_literal;
		more += len + (more[len] == '\n');
	}
}

static void
print_opts(FILE *out, const struct mms_opt *opts)
{
	for (const struct mms_opt *o = opts; o != NULL && o->name != NULL; o++) {
		MMS_AUTO(mms_str) left = { 0 };

		mms_str_addf(&left, "--%s", o->name);
		if (o->arg != NULL)
			mms_str_addf(&left, " %s", o->arg);
		fprintf(out, "  %-*s ", NAME_WIDTH, mms_str_get(&left));
		if (left.len > NAME_WIDTH)
			fprintf(out, "\n%*s", NAME_WIDTH + 3, "");
		print_filled(out, o->help, strlen(o->help), NAME_WIDTH + 3);
	}
}

static void
print_verb(FILE *out, const struct mms_verb *verb)
{
	fprintf(out, "usage: mmsync [global options] %s%s%s%s\n\n%c%s.\n", verb->name,
		verb->opts != NULL ? " [options]" : "", verb->args[0] != '\0' ? " " : "",
		verb->args, toupper((unsigned char)verb->help[0]), verb->help + 1);
	if (verb->opts != NULL) {
		fprintf(out, "\noptions:\n");
		print_opts(out, verb->opts);
	}
	if (verb->more != NULL)
		print_more(out, verb->more);
	fprintf(out, "\nglobal options: mmsync help\n");
}

static void
print_list(FILE *out, const char *family)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	for (size_t i = 0; i < n; i++) {
		if (family == NULL || mms_verb_is_of(&verbs[i], family))
			fprintf(out, "  %-*s %s\n", NAME_WIDTH, verbs[i].name, verbs[i].help);
	}
}

static void
print_family(FILE *out, const char *family)
{
	fprintf(out, "usage: mmsync [global options] %s COMMAND [options]\n\ncommands:\n",
		family);
	print_list(out, family);
	fprintf(out, "\nmmsync help %s COMMAND shows one of them.\n", family);
}

static void
print_program(FILE *out)
{
	fprintf(out, "usage: mmsync [global options] COMMAND [options]\n\n"
		     "Keeps a Frappe site's meeting tables and people's calendars in step.\n\n"
		     "commands:\n");
	print_list(out, NULL);
	fprintf(out, "\nglobal options:\n");
	print_opts(out, mms_global_opts());
	fprintf(out, "\nmmsync help COMMAND shows one command; man mmsync has it all.\n");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void
put_opts(struct mms_json *j, const struct mms_opt *opts)
{
	mms_json_key(j, "options");
	mms_json_array(j);
	for (const struct mms_opt *o = opts; o != NULL && o->name != NULL; o++) {
		mms_json_map(j);
		mms_json_put_text(j, "name", o->name);
		mms_json_put_text(j, "argument", o->arg);
		mms_json_put_bool(j, "repeatable", o->type == MMS_OPT_TEXTS);
		mms_json_put_text(j, "help", o->help);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
}

static void
print_json(const struct mms_app *app, FILE *out, const char *name)
{
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_err) ignored = { 0 };
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	if (mms_json_open_file(&j, out, app->is_stdout_terminal, &ignored) != MMS_OK)
		return;
	mms_json_map(&j);
	mms_json_key(&j, "commands");
	mms_json_array(&j);
	for (size_t i = 0; i < n; i++) {
		if (name != NULL && !mms_verb_is_of(&verbs[i], name))
			continue;
		mms_json_map(&j);
		mms_json_put_text(&j, "name", verbs[i].name);
		mms_json_put_text(&j, "arguments", verbs[i].args);
		mms_json_put_text(&j, "help", verbs[i].help);
		put_opts(&j, verbs[i].opts);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	put_opts(&j, mms_global_opts());
	mms_json_map_end(&j);
	mms_json_done(&j);
}

/* ---- which --------------------------------------------------------------------------------- */

bool
mms_app_print_help(const struct mms_app *app, FILE *out, const char *name)
{
	size_t n, n_found = 0;
	const struct mms_verb *verbs = mms_verbs(&n), *found = NULL;

	for (size_t i = 0; name != NULL && i < n; i++) {
		if (!mms_verb_is_of(&verbs[i], name))
			continue;
		found = &verbs[i];
		n_found++;
	}
	if (name != NULL && found == NULL)
		return false;
	if (app->is_json)
		print_json(app, out, name);
	else if (found == NULL)
		print_program(out);
	else if (n_found == 1)
		print_verb(out, found);
	else
		print_family(out, name);
	return true;
}
