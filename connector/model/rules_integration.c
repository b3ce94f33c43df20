/* The rules of MM Calendar Integration, in the order of its controller. */
#include <string.h>

#include "rules_p.h"

static mms_rc
user_exists(struct judge *j, struct mms_err *err)
{
	struct mms_field *user = &j->f[MMS_CI_USER];
	bool found = false;

	if (!mms_field_is_set(user)) {
		MMS_FAULT_OF(j, MMS_RULE_USER_EXISTS, "User is required.");
		return MMS_OK;
	}
	mms_rc rc = mms_rules_find_user(j, user, &found, err);
	if (rc == MMS_OK && !found)
		MMS_FAULT_OF(j, MMS_RULE_USER_EXISTS, "User '{}' does not exist.", user);
	return rc;
}

static mms_rc
name_is_unique(struct judge *j, struct mms_err *err)
{
	struct mms_field *name = &j->f[MMS_CI_INTEGRATION_NAME], *user = &j->f[MMS_CI_USER];
	bool is_taken = false;

	if (!mms_field_is_set(name)) {
		MMS_FAULT_OF(j, MMS_RULE_INTEGRATION_NAME, "Integration Name is required.");
		return MMS_OK;
	}
	if (!mms_field_is_set(user))
		return MMS_OK;
	mms_rc rc = j->r->look->name_taken(j->r->aux, user->text, name->text, mms_judge_self(j),
					   &is_taken, err);
	if (rc == MMS_OK && is_taken) {
		MMS_FAULT_OF(j, MMS_RULE_INTEGRATION_NAME,
			     "Integration Name '{}' already exists for user '{}'. Please use a "
			     "unique name for each integration.",
			     name, user);
	}
	return rc;
}

static void
ical_requirements(struct judge *j)
{
	const enum mms_rule rule = MMS_RULE_TYPE_REQUIREMENTS;
	const struct mms_field *url = &j->f[MMS_CI_ICAL_URL];

	if (!mms_field_is_set(url))
		MMS_FAULT_OF(j, rule, "iCal URL is required for iCal integration type.");
	else if (mms_rules_is_text(j, rule, url, "startswith") &&
		 !mms_text_starts_with(url->text, "http://") &&
		 !mms_text_starts_with(url->text, "https://") &&
		 !mms_text_starts_with(url->text, "webcal://"))
		MMS_FAULT_OF(j, rule,
			     "iCal URL must start with http://, https://, or webcal://");
	if (mms_field_is(&j->f[MMS_CI_DIRECTION], "Two-way (Read & Write)"))
		MMS_DOUBT_OF(j, rule,
			     "Warning: iCal integrations typically support only one-way "
			     "(read-only) sync. Two-way sync may not work as expected.");
	if (j->doc->is_new) { /* a feed has no tokens: what was given is dropped silently */
		j->f[MMS_CI_ACCESS_TOKEN] = (struct mms_field){ 0 };
		j->f[MMS_CI_REFRESH_TOKEN] = (struct mms_field){ 0 };
		j->f[MMS_CI_TOKEN_EXPIRY] = (struct mms_field){ 0 };
	}
}

static void
oauth_requirements(struct judge *j)
{
	const enum mms_rule rule = MMS_RULE_TYPE_REQUIREMENTS;
	const struct mms_field *type = &j->f[MMS_CI_TYPE];

	if (j->doc->is_new)
		j->f[MMS_CI_ICAL_URL] = (struct mms_field){ 0 };
	if (!mms_field_is_set(&j->f[MMS_CI_IS_ACTIVE]))
		return;
	if (!mms_field_is_set(&j->f[MMS_CI_ACCESS_TOKEN]))
		MMS_FAULT_OF(j, rule,
			     "{} requires an Access Token. Please authenticate with {} first.",
			     type, type);
	if (!mms_field_is_set(&j->f[MMS_CI_CALENDAR_ID])) {
		MMS_DOUBT_OF(j, rule,
			     "Calendar ID is recommended for {} integration. Without it, the "
			     "primary calendar will be used by default.",
			     type);
	}
}

static void
type_requirements(struct judge *j)
{
	const struct mms_field *type = &j->f[MMS_CI_TYPE];

	if (!mms_field_is_set(type))
		MMS_FAULT_OF(j, MMS_RULE_TYPE_REQUIREMENTS, "Integration Type is required.");
	else if (mms_field_is(type, "iCal"))
		ical_requirements(j);
	else if (mms_field_is(type, "Google Calendar") ||
		 mms_field_is(type, "Outlook Calendar"))
		oauth_requirements(j);
}

/* Can Python compare this field with a number? If not, its exception is a finding. */
static bool
is_number(struct judge *j, const struct mms_field *field, const char *op)
{
	if (field->type == MMS_F_INT || field->type == MMS_F_REAL || field->type == MMS_F_BOOL)
		return true;
	const char *name = mms_field_type_name(field);
	struct mms_field type = mms_field_text(name, strlen(name));
	struct mms_field sign = mms_field_text(op, strlen(op));
	MMS_FAULT_OF(j, MMS_RULE_SYNC_SETTINGS,
		     "'{}' not supported between instances of '{}' and 'int'", &sign, &type);
	return false;
}

static double
number_of(const struct mms_field *field)
{
	return field->type == MMS_F_REAL ? field->real : (double)field->i;
}

static void
sync_settings(struct judge *j)
{
	const enum mms_rule rule = MMS_RULE_SYNC_SETTINGS;
	const struct mms_field *past = &j->f[MMS_CI_PAST_DAYS];
	const struct mms_field *future = &j->f[MMS_CI_FUTURE_DAYS];
	const struct mms_field *interval = &j->f[MMS_CI_INTERVAL];

	if (past->type != MMS_F_NONE && is_number(j, past, "<")) {
		if (number_of(past) < 0)
			MMS_FAULT_OF(
				j, rule,
				"Sync Past Days cannot be negative. Use 0 for no past sync.");
		if (number_of(past) > 365)
			MMS_FAULT_OF(j, rule,
				     "Sync Past Days cannot exceed 365 days (1 year).");
	}
	if (future->type != MMS_F_NONE && is_number(j, future, "<=")) {
		if (number_of(future) <= 0)
			MMS_FAULT_OF(j, rule, "Sync Future Days must be greater than 0.");
		if (number_of(future) > 730)
			MMS_FAULT_OF(j, rule,
				     "Sync Future Days cannot exceed 730 days (2 years).");
	}
	if (!mms_field_is_set(&j->f[MMS_CI_AUTO_SYNC]) || !mms_field_is_set(interval) ||
	    !is_number(j, interval, "<"))
		return;
	if (number_of(interval) < 5) {
		MMS_FAULT_OF(
			j, rule,
			"Sync Interval cannot be less than 5 minutes to avoid excessive API "
			"calls.");
	}
	if (number_of(interval) > 1440)
		MMS_FAULT_OF(j, rule, "Sync Interval cannot exceed 1440 minutes (24 hours).");
}

static void
token_expiry(struct judge *j)
{
	const struct mms_field *expiry = &j->f[MMS_CI_TOKEN_EXPIRY];
	int64_t at_us;

	if (!mms_field_is_set(expiry))
		return;
	/* With a zone it cannot be compared, and the controller swallows that exception too. */
	if (mms_doctime_read(expiry, &at_us) != MMS_DOCTIME_NAIVE)
		MMS_FAULT_OF(j, MMS_RULE_TOKEN_EXPIRY, "Invalid Token Expiry datetime format.");
	else if (at_us < j->r->now_us && mms_field_is_set(&j->f[MMS_CI_IS_ACTIVE])) {
		MMS_DOUBT_OF(
			j, MMS_RULE_TOKEN_EXPIRY,
			"Warning: Access Token has expired on {}. Please re-authenticate to "
			"continue syncing.",
			expiry);
	}
}

static mms_rc
primary_calendar(struct judge *j, struct mms_err *err)
{
	const struct mms_field *user = &j->f[MMS_CI_USER];
	struct mms_text name = { 0 };
	bool found = false;

	if (!mms_field_is_set(&j->f[MMS_CI_IS_PRIMARY]) || !mms_field_is_set(user))
		return MMS_OK;
	mms_rc rc = j->r->look->other_primary(j->r->aux, user->text, mms_judge_self(j), &found,
					      &name, err);
	if (rc != MMS_OK || !found)
		return rc;
	struct mms_field existing = mms_field_text(name.ptr, name.len);
	MMS_FAULT_OF(
		j, MMS_RULE_PRIMARY,
		"A primary calendar integration already exists for user '{}': '{}'. Please "
		"uncheck 'Is Primary Calendar' on the existing integration first, or uncheck "
		"it on this integration.",
		user, &existing);
	return MMS_OK;
}

mms_rc
mms_rules_integration(struct judge *j, struct mms_err *err)
{
	mms_rc rc = user_exists(j, err);
	if (rc == MMS_OK)
		rc = name_is_unique(j, err);
	if (rc != MMS_OK)
		return rc;
	type_requirements(j);
	sync_settings(j);
	token_expiry(j);
	return primary_calendar(j, err);
}
