/*
 * The people of a booking: assigned users, participants, and its history. The controllers of
 * the child tables say some things a second time in other words; those are not repeated.
 */
#include <string.h>

#include "mmsync/keymap.h"
#include "rules_booking_p.h"

static mms_rc
find_users(struct judge *j, enum mms_child_table table, size_t field, struct mms_err *err)
{
	struct mms_doc_table *t = &j->doc->tables[table];
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < t->n; i++) {
		struct mms_doc_row *row = &t->rows[i];
		row->has_user = false;
		if (mms_field_is_set(&row->f[field]))
			rc = mms_rules_find_user(j, &row->f[field], &row->has_user, err);
	}
	return rc;
}

mms_rc
mms_rules_find_people(struct judge *j, struct mms_err *err)
{
	const struct mms_field *single = &j->f[MMS_MB_ASSIGNED_USER];
	struct mms_doc_table *users = &j->doc->tables[MMS_TABLE_ASSIGNED_USERS];

	/* The form of older sites: one column, and no table. */
	if (users->n == 0 && mms_field_is_set(single)) {
		struct mms_doc_row *row = mms_doc_add_row(j->doc, MMS_TABLE_ASSIGNED_USERS);
		if (row == NULL)
			return mms_fail_nomem(err);
		row->f[MMS_AU_USER] = *single;
		row->f[MMS_AU_IS_PRIMARY] = mms_field_int(1);
	}
	mms_rc rc = find_users(j, MMS_TABLE_ASSIGNED_USERS, MMS_AU_USER, err);
	if (rc == MMS_OK)
		rc = find_users(j, MMS_TABLE_PARTICIPANTS, MMS_PA_USER, err);
	return rc;
}

/* Do two rows of a table have the same value in a field, of the same type? */
static mms_rc
has_duplicates(const struct mms_doc_table *t, size_t field, bool *out, struct mms_err *err)
{
	MMS_AUTO(mms_keymap) seen = { 0 };
	MMS_AUTO(mms_str) key = { 0 };
	mms_rc rc = MMS_OK;

	*out = false;
	for (size_t i = 0; rc == MMS_OK && t->n > 1 && i < t->n && !*out; i++) {
		const struct mms_field *f = &t->rows[i].f[field];
		uint32_t before = MMS_KEYMAP_NONE;
		mms_str_clear(&key);
		mms_str_addc(&key, (char)('0' + f->type));
		if (f->text.len > 0)
			mms_str_addn(&key, f->text.ptr, f->text.len);
		rc = mms_str_check(&key, err);
		if (rc == MMS_OK)
			rc = mms_keymap_put(&seen, key.ptr, key.len, (uint32_t)i, &before, err);
		*out = before != MMS_KEYMAP_NONE;
	}
	return rc;
}

mms_rc
mms_rules_assigned_users(struct judge *j, struct mms_err *err)
{
	const enum mms_rule rule = MMS_RULE_ASSIGNED_USERS;
	const struct mms_doc_table *t = &j->doc->tables[MMS_TABLE_ASSIGNED_USERS];
	size_t n_primary = 0;
	bool has_twins = false;

	if (t->n == 0) {
		MMS_FAULT_OF(j, rule, "At least one user must be assigned to this booking.");
		return MMS_OK;
	}
	mms_rc rc = has_duplicates(t, MMS_AU_USER, &has_twins, err);
	if (rc != MMS_OK)
		return rc;
	if (has_twins)
		MMS_FAULT_OF(j, rule,
			     "Duplicate users found in assigned users. Each user can only be "
			     "assigned once.");
	for (size_t i = 0; i < t->n; i++) {
		const struct mms_field *user = &t->rows[i].f[MMS_AU_USER];
		n_primary += mms_field_is_set(&t->rows[i].f[MMS_AU_IS_PRIMARY]);
		if (t->rows[i].has_user)
			continue;
		MMS_FAULT_OF(j, rule, "User '{}' does not exist.", user);
		if (!mms_field_is_set(user))
			MMS_FAULT_OF(j, rule, "User is required.");
	}
	if (n_primary == 0)
		MMS_FAULT_OF(j, rule,
			     "At least one assigned user must be marked as Primary Host.");
	if (n_primary > 1)
		MMS_DOUBT_OF(j, rule,
			     "Warning: Multiple users are marked as Primary Host. Consider "
			     "having only one primary host.");
	return MMS_OK;
}

static void
judge_participant(struct judge *j, const struct mms_doc_row *row)
{
	const enum mms_rule rule = MMS_RULE_PARTICIPANTS;
	const struct mms_field *email = &row->f[MMS_PA_EMAIL], *user = &row->f[MMS_PA_USER];
	bool is_internal = mms_field_is(&row->f[MMS_PA_TYPE], "Internal");

	if (email->type == MMS_F_NONE)
		MMS_FAULT_OF(j, rule, "Email is required.");
	else if (mms_rules_is_text(j, rule, email, NULL) &&
		 !mms_email_matches(j->r->email, email->text.ptr, email->text.len))
		MMS_FAULT_OF(j, rule, "Invalid email format for participant: '{}'", email);
	if (is_internal && !mms_field_is_set(user))
		MMS_FAULT_OF(j, rule, "Internal participant must have a User selected: '{}'",
			     email);
	if (mms_field_is(&row->f[MMS_PA_TYPE], "External") &&
	    !mms_field_is_set(&row->f[MMS_PA_NAME1]))
		MMS_FAULT_OF(j, rule, "External participant must have a Name: '{}'", email);
	if (is_internal && mms_field_is_set(user) && !row->has_user)
		MMS_FAULT_OF(j, rule, "User '{}' does not exist.", user);
}

mms_rc
mms_rules_participants(struct judge *j, struct mms_err *err)
{
	const struct mms_doc_table *t = &j->doc->tables[MMS_TABLE_PARTICIPANTS];
	bool has_twins = false;

	mms_rc rc = has_duplicates(t, MMS_PA_EMAIL, &has_twins, err);
	if (rc != MMS_OK)
		return rc;
	if (has_twins)
		MMS_FAULT_OF(j, MMS_RULE_PARTICIPANTS,
			     "Duplicate participants found. Each participant email must be "
			     "unique.");
	for (size_t i = 0; i < t->n; i++)
		judge_participant(j, &t->rows[i]);
	return MMS_OK;
}

void
mms_rules_history(struct judge *j)
{
	static const enum mms_child_table tables[] = { MMS_TABLE_ASSIGNMENT_HISTORY,
						       MMS_TABLE_BOOKING_HISTORY };

	for (size_t t = 0; t < MMS_COUNT(tables); t++) {
		const struct mms_doc_table *rows = &j->doc->tables[tables[t]];
		for (size_t i = 0; i < rows->n; i++) {
			if (!mms_field_is_set(&rows->rows[i].f[MMS_HI_EVENT_TYPE]))
				MMS_FAULT_OF(j, MMS_RULE_STATUS, "Event Type is required.");
		}
	}
}
