/* What does not agree when a story is over: the consistency rules of audit, as the program itself tells them. */
#include "support/scenario.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "mmsync/verdict.h"

static bool
is_consistency_rule(const char *name)
{
	for (int r = MMS_RULE_BLOCK_SOURCE_MISSING; name != NULL && r < MMS_RULE_COUNT; r++) {
		if (strcmp(mms_rule_name((enum mms_rule)r), name) == 0)
			return true;
	}
	return false;
}

bool
scenario_flaws(struct scenario *s, struct mms_str *out)
{
	json_error_t error;
	size_t i;
	json_t *found;

	mms_str_clear(out);
	if (!scenario_run(s, "audit --json", NULL))
		return false;
	if (s->exit_status > 1) /* a site that nothing can be asked of */
		return true;
	json_t *root = json_loads(mms_str_get(&s->out), 0, &error);
	json_array_foreach(json_object_get(root, "violations"), i, found)
	{
		const char *rule = json_string_value(json_object_get(found, "rule"));
		const char *name = json_string_value(json_object_get(found, "name"));

		if (is_consistency_rule(rule))
			mms_str_addf(out, "%s %s: %s\n", rule, name,
				     json_string_value(json_object_get(found, "message")));
	}
	json_decref(root);
	return true;
}

/* The next word of a list, and what is behind it; "" at its end. */
static const char *
next_word(const char *at)
{
	at += strcspn(at, " ");
	return at + strspn(at, " ");
}

/* Is each line's rule one of these words? "?RULE" may be found, "?*" is any. */
static bool
is_expected(const char *lines, const char *rules)
{
	for (const char *p = lines; *p != '\0'; p += strcspn(p, "\n") + 1) {
		const char *at;
		size_t len = strcspn(p, " ");

		for (at = rules; *at != '\0'; at = next_word(at)) {
			const char *rule = at + (*at == '?');
			if (rule[0] == '*' ||
			    (strcspn(rule, " ") == len && strncmp(rule, p, len) == 0))
				break;
		}
		if (*at == '\0')
			return false;
	}
	return true;
}

/* Is there one that must be found? */
static bool
is_demanding(const char *rules)
{
	const char *at = rules;

	while (*at == '?')
		at = next_word(at);
	return *at != '\0';
}

bool
scenario_is_consistent(struct scenario *s)
{
	MMS_AUTO(mms_str) found = { 0 };

	if (!scenario_flaws(s, &found))
		return false;
	if (is_expected(mms_str_get(&found), mms_str_get(&s->flaws)) &&
	    (found.len > 0 || !is_demanding(mms_str_get(&s->flaws))))
		return true;
	return scenario_fail(s, "at the end audit finds\n%sand should find: %s",
			     mms_str_get(&found), mms_str_get(&s->flaws));
}
