/* The command line to verb, options and words (see the header). GNU forms: --name value,
 * --name=value, -- ends options, options may stand anywhere. */
#include "mmsync/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/near.h"
#include "mmsync/timetext.h"

/* The largest count that an option takes; seconds in it are some 30 years. */
#define COUNT_MAX 1000000000

static const struct mms_opt global_opts[] = {
	{ "site", MMS_OPT_TEXT, "DIR", "the Frappe site's folder (else $MMSYNC_SITE)" },
	{ "json", MMS_OPT_FLAG, NULL, "print the result as one JSON object" },
	{ "verbose", MMS_OPT_FLAG, NULL, "log each step, list also what is right (also -v)" },
	{ "quiet", MMS_OPT_FLAG, NULL, "tell only what needs attention (also -q)" },
	{ "log-format", MMS_OPT_TEXT, "text|json", "form of the log lines on stderr" },
	{ "no-progress", MMS_OPT_FLAG, NULL, "draw no progress bar" },
	{ "color", MMS_OPT_TEXT, "auto|always|never", "colours in tables and messages" },
	{ "help", MMS_OPT_FLAG, NULL, "show help, of a command if given (also -h)" },
	{ "version", MMS_OPT_FLAG, NULL, "show the version" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const struct mms_opt *
mms_global_opts(void)
{
	return global_opts;
}

static const struct mms_opt *
find_opt(const struct mms_opt *opts, const char *name, size_t len)
{
	for (const struct mms_opt *o = opts; o != NULL && o->name != NULL; o++) {
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	}
	return NULL;
}

/* The nearest option of the verb and the global ones, for the hint. */
static mms_rc
unknown_option(const struct mms_verb *verb, const char *given, struct mms_err *err)
{
	const char *best = NULL;
	size_t best_distance = 99;
	const struct mms_opt *tables[] = { verb != NULL ? verb->opts : NULL, global_opts };

	for (size_t t = 0; t < MMS_COUNT(tables); t++) {
		for (const struct mms_opt *o = tables[t]; o != NULL && o->name != NULL; o++) {
			bool is_begun = strncmp(given, o->name, strlen(given)) == 0;
			size_t d = is_begun ? 0 : mms_near_distance(given, o->name);
			if (d < best_distance &&
			    (is_begun || mms_near_enough(given, o->name))) {
				best = o->name;
				best_distance = d;
			}
		}
	}
	mms_fail(err, MMS_E_USAGE, "unknown option --%s", given);
	if (best != NULL)
		return mms_hint(err, "did you mean --%s?", best);
	return mms_hint(err, "mmsync help%s%s lists the options", verb != NULL ? " " : "",
			verb != NULL ? verb->name : "");
}

static mms_rc
read_number(const struct mms_opt *opt, const char *text, int64_t *out, struct mms_err *err)
{
	if (opt->type == MMS_OPT_TIME) {
		mms_rc rc = mms_time_parse(text, strlen(text), out, err);
		if (rc == MMS_OK)
			return rc;
		err->code = MMS_E_USAGE;
		return mms_fail_in(err, "--%s", opt->name);
	}
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 || n > COUNT_MAX) {
		mms_fail(err, MMS_E_USAGE, "--%s '%s' is not a whole number from 1 to %d",
			 opt->name, text, COUNT_MAX);
		return mms_hint(err, "for example --%s 10", opt->name);
	}
	*out = n;
	return MMS_OK;
}

static mms_rc
add_item(struct mms_args *args, const struct mms_opt *opt, const char *text,
	 struct mms_err *err)
{
	struct mms_arg item = { .opt = opt, .text = text };

	if (text != NULL && (opt->type == MMS_OPT_COUNT || opt->type == MMS_OPT_TIME)) {
		mms_rc rc = read_number(opt, text, &item.number, err);
		if (rc != MMS_OK)
			return rc;
	}
	struct mms_arg *moved = mms_grow(args->items, args->n, &args->cap, sizeof *args->items);
	if (moved == NULL)
		return mms_fail_nomem(err);
	args->items = moved;
	args->items[args->n++] = item;
	return MMS_OK;
}

static mms_rc
add_word(struct mms_args *args, const char *word, struct mms_err *err)
{
	const char **moved =
		mms_grow(args->words, args->n_words, &args->words_cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	args->words = moved;
	args->words[args->n_words++] = word;
	return MMS_OK;
}

/* One option at argv[*i]; moves *i past its value. */
static mms_rc
take_option(struct mms_app *app, int argc, char **argv, int *i, struct mms_err *err)
{
	const char *name = argv[*i] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const struct mms_opt *opt = NULL;

	if (app->verb != NULL)
		opt = find_opt(app->verb->opts, name, len);
	if (opt == NULL)
		opt = find_opt(global_opts, name, len);
	if (opt == NULL) {
		MMS_AUTO(mms_str) given = { 0 };
		mms_str_addn(&given, name, len);
		return unknown_option(app->verb, mms_str_get(&given), err);
	}
	if (opt->type == MMS_OPT_FLAG) {
		if (equals != NULL)
			return mms_fail(err, MMS_E_USAGE, "--%s takes no value", opt->name);
		return add_item(&app->args, opt, NULL, err);
	}
	const char *text = equals != NULL ? equals + 1 : NULL;
	if (text == NULL && *i + 1 < argc)
		text = argv[++*i];
	if (text == NULL || *text == '\0') {
		mms_fail(err, MMS_E_USAGE, "--%s needs a value", opt->name);
		return mms_hint(err, "for example --%s %s", opt->name, opt->arg);
	}
	return add_item(&app->args, opt, text, err);
}

/* Is this word, with the next one, the name of a verb? *used tells how many words it took. */
static const struct mms_verb *
find_verb(const char *first, const char *second, int *used)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	for (size_t v = 0; v < n; v++) {
		const char *last = mms_verb_last_word(&verbs[v]);
		if (!mms_verb_is_of(&verbs[v], first))
			continue;
		if (last != verbs[v].name && (second == NULL || strcmp(second, last) != 0))
			continue;
		*used = last != verbs[v].name ? 2 : 1;
		return &verbs[v];
	}
	return NULL;
}

/* The names of a family in a row: "show, check, apply". Empty: it is none. */
static void
add_members(struct mms_str *out, const char *family)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	for (size_t v = 0; v < n; v++) {
		if (mms_verb_is_of(&verbs[v], family) &&
		    mms_verb_last_word(&verbs[v]) != verbs[v].name)
			mms_str_addf(out, "%s%s", out->len > 0 ? ", " : "",
				     mms_verb_last_word(&verbs[v]));
	}
}

/* How far what was typed is from a verb: by its first word, and by both; 99: not near. */
static size_t
distance_to(const struct mms_verb *verb, const char *first, const char *second)
{
	MMS_AUTO(mms_str) both = { 0 };
	MMS_AUTO(mms_str) head = { 0 };
	const char *last = mms_verb_last_word(verb);

	mms_str_addf(&both, "%s %s", first, second != NULL ? second : "");
	if (last == verb->name)
		return mms_near_enough(first, last) ? mms_near_distance(first, last) : 99;
	mms_str_addn(&head, verb->name, (size_t)(last - verb->name) - 1);
	if (strcmp(first, last) == 0)
		return 1; /* "preview" for "feed preview" */
	if (!mms_near_enough(first, mms_str_get(&head)))
		return 99;
	return mms_near_distance(mms_str_get(&both), verb->name);
}

static mms_rc
unknown_verb(const char *first, const char *second, struct mms_err *err)
{
	MMS_AUTO(mms_str) members = { 0 };
	size_t n, best_distance = 99;
	const struct mms_verb *verbs = mms_verbs(&n), *best = NULL;

	add_members(&members, first);
	for (size_t v = 0; v < n; v++) {
		size_t d = distance_to(&verbs[v], first, second);
		if (d < best_distance) {
			best = &verbs[v];
			best_distance = d;
		}
	}
	if (members.len > 0 && second == NULL) {
		mms_fail(err, MMS_E_USAGE, "%s needs a second word", first);
		return mms_hint(err, "one of: %s; mmsync help %s tells more",
				mms_str_get(&members), first);
	}
	/* Behind a command of one word stands its argument, which is not told. */
	bool tells_both = members.len > 0 && second != NULL;
	mms_fail(err, MMS_E_USAGE, "unknown command '%s%s%s'", first, tells_both ? " " : "",
		 tells_both ? second : "");
	if (tells_both && !mms_near_enough(second, mms_verb_last_word(best)))
		return mms_hint(err, "one of: %s", mms_str_get(&members));
	if (best != NULL)
		return mms_hint(err, "did you mean 'mmsync %s'? mmsync help lists all",
				best->name);
	return mms_hint(err, "mmsync help lists the commands");
}

static bool
is_family(const char *name)
{
	MMS_AUTO(mms_str) members = { 0 };

	add_members(&members, name);
	return members.len > 0;
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

/* Find the verb first, so that options before it are read by its table too. */
static mms_rc
take_verb(struct mms_app *app, int argc, char **argv, int *first, int *used,
	  struct mms_err *err)
{
	*used = 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			const char *name = argv[i] + 2;
			const struct mms_opt *opt =
				argv[i][1] == '-' && strchr(name, '=') == NULL
					? find_opt(global_opts, name, strlen(name))
					: NULL;
			if (opt != NULL && opt->type != MMS_OPT_FLAG)
				i++; /* its value is no verb */
			continue;
		}
		const char *second = i + 1 < argc && argv[i + 1][0] != '-' ? argv[i + 1] : NULL;
		*first = i;
		app->verb = find_verb(argv[i], second, used);
		if (app->verb != NULL)
			return MMS_OK;
		if (second == NULL && asks_for_help(argc, argv) && is_family(argv[i])) {
			app->family = argv[i];
			*used = 1;
			return MMS_OK;
		}
		return unknown_verb(argv[i], second, err);
	}
	return MMS_OK;
}

static mms_rc
choose_word(const char *option, const char *text, const char *const *words, size_t n,
	    size_t *out, struct mms_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = i;
			return MMS_OK;
		}
	}
	mms_fail(err, MMS_E_USAGE, "--%s '%s' is not known", option, text);
	return mms_hint(err, "one of: %s, %s%s%s", words[0], words[1], n > 2 ? ", " : "",
			n > 2 ? words[2] : "");
}

static mms_rc
apply_globals(struct mms_app *app, struct mms_err *err)
{
	static const char *const formats[] = { "text", "json" };
	static const char *const whens[] = { "auto", "always", "never" };
	const char *text;
	size_t which = 0;
	mms_rc rc = MMS_OK;

	app->is_json = mms_app_flag(app, "json");
	app->is_quiet = mms_app_flag(app, "quiet");
	app->is_verbose = mms_app_flag(app, "verbose");
	app->log.level = app->is_verbose ? MMS_LOG_DEBUG
			 : app->is_quiet ? MMS_LOG_ERROR
					 : MMS_LOG_WARN;
	if (mms_app_flag(app, "no-progress") || app->is_quiet)
		app->has_progress = false;
	if ((text = mms_app_text(app, "log-format")) != NULL) {
		rc = choose_word("log-format", text, formats, MMS_COUNT(formats), &which, err);
		app->log.is_json = which == 1;
	}
	if (rc == MMS_OK && (text = mms_app_text(app, "color")) != NULL) {
		rc = choose_word("color", text, whens, MMS_COUNT(whens), &which, err);
		if (rc == MMS_OK && which != 0)
			app->has_color = app->has_err_color = which == 1;
	}
	return rc;
}

static mms_rc
check_words(const struct mms_app *app, struct mms_err *err)
{
	const struct mms_verb *verb = app->verb;

	if (verb == NULL || mms_app_flag(app, "help"))
		return MMS_OK;
	if (app->args.n_words < verb->min_words) {
		mms_fail(err, MMS_E_USAGE, "%s needs %s", verb->name, verb->args);
		return mms_hint(err, "mmsync help %s shows how", verb->name);
	}
	if (app->args.n_words > verb->max_words) {
		mms_fail(err, MMS_E_USAGE, "%s: '%s' is one argument too many", verb->name,
			 app->args.words[verb->max_words]);
		return mms_hint(err, "mmsync help %s shows how", verb->name);
	}
	return MMS_OK;
}

/* -v, -q, -h: the option they stand for, NULL for any other. */
static const struct mms_opt *
find_letter(const char *arg)
{
	static const struct {
		const char *letter, *name;
	} letters[] = { { "-v", "verbose" }, { "-q", "quiet" }, { "-h", "help" } };

	for (size_t i = 0; i < MMS_COUNT(letters); i++) {
		if (strcmp(arg, letters[i].letter) == 0)
			return find_opt(global_opts, letters[i].name, strlen(letters[i].name));
	}
	return NULL;
}

static mms_rc
unknown_letter(const char *arg, struct mms_err *err)
{
	mms_fail(err, MMS_E_USAGE, "unknown option %s", arg);
	return mms_hint(err,
			"options are words, as in --json; of one letter there are -v, -q, -h");
}

mms_rc
mms_app_parse(struct mms_app *app, int argc, char **argv, struct mms_err *err)
{
	int verb_at = 0, verb_words = 0;
	bool only_words = false;

	mms_rc rc = take_verb(app, argc, argv, &verb_at, &verb_words, err);
	for (int i = 1; rc == MMS_OK && i < argc; i++) {
		bool is_word = only_words || argv[i][0] != '-' || argv[i][1] == '\0';

		if (verb_words > 0 && i >= verb_at && i < verb_at + verb_words)
			continue;
		if (is_word)
			rc = add_word(&app->args, argv[i], err);
		else if (strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (argv[i][1] == '-')
			rc = take_option(app, argc, argv, &i, err);
		else if (find_letter(argv[i]) != NULL)
			rc = add_item(&app->args, find_letter(argv[i]), NULL, err);
		else
			rc = unknown_letter(argv[i], err);
	}
	if (rc == MMS_OK)
		rc = apply_globals(app, err);
	for (int i = 1; rc != MMS_OK && i < argc; i++)
		app->is_json = app->is_json || strcmp(argv[i], "--json") == 0;
	if (rc == MMS_OK)
		rc = check_words(app, err);
	return rc;
}

static const struct mms_arg *
find_arg(const struct mms_app *app, const char *name, size_t i)
{
	for (size_t k = 0; k < app->args.n; k++) {
		if (strcmp(app->args.items[k].opt->name, name) == 0 && i-- == 0)
			return &app->args.items[k];
	}
	return NULL;
}

bool
mms_app_flag(const struct mms_app *app, const char *name)
{
	return find_arg(app, name, 0) != NULL;
}

const char *
mms_app_text_at(const struct mms_app *app, const char *name, size_t i)
{
	const struct mms_arg *arg = find_arg(app, name, i);

	return arg != NULL ? arg->text : NULL;
}

mms_rc
mms_app_texts(const struct mms_app *app, const char *name, const char *alias, const char ***out,
	      size_t *n, struct mms_err *err)
{
	const char *const names[] = { name, alias };
	const char *text;

	*n = 0;
	*out = mms_alloc((app->args.n + 1) * sizeof(const char *));
	if (*out == NULL)
		return mms_fail_nomem(err);
	for (size_t k = 0; k < MMS_COUNT(names) && names[k] != NULL; k++) {
		for (size_t i = 0; (text = mms_app_text_at(app, names[k], i)) != NULL; i++)
			(*out)[(*n)++] = text;
	}
	return MMS_OK;
}

const char *
mms_app_text(const struct mms_app *app, const char *name)
{
	const char *last = NULL, *text;

	/* Given twice, the later one counts, as everywhere. */
	for (size_t i = 0; (text = mms_app_text_at(app, name, i)) != NULL; i++)
		last = text;
	return last;
}

int64_t
mms_app_number(const struct mms_app *app, const char *name, int64_t otherwise)
{
	const struct mms_arg *arg = find_arg(app, name, 0);

	return arg != NULL ? arg->number : otherwise;
}

const char *
mms_app_word(const struct mms_app *app, size_t i)
{
	return i < app->args.n_words ? app->args.words[i] : NULL;
}
