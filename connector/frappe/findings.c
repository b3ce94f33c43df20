/* The list of what a check found. */
#include "mmsync/findings.h"

#include "mmsync/mem.h"

static const char *const state_names[] = {
	[MMS_FINDING_OK] = "ok",           [MMS_FINDING_MISSING] = "missing",
	[MMS_FINDING_DIFFERS] = "differs", [MMS_FINDING_BLOCKED] = "blocked",
	[MMS_FINDING_DONE] = "done",       [MMS_FINDING_NOTE] = "note",
	[MMS_FINDING_PROBLEM] = "problem",
};

const char *
mms_finding_state_name(enum mms_finding_state state)
{
	return state_names[state];
}

static void
release_one(struct mms_finding *finding)
{
	mms_free(finding->object);
	mms_free(finding->detail);
	mms_free(finding->remedy);
}

void
mms_findings_release(struct mms_findings *findings)
{
	if (findings == NULL)
		return;
	for (size_t i = 0; i < findings->n; i++)
		release_one(&findings->items[i]);
	mms_free(findings->items);
	*findings = (struct mms_findings){ 0 };
}

mms_rc
mms_findings_add(struct mms_findings *findings, enum mms_finding_state state,
		 const char *object, const char *detail, const char *remedy,
		 struct mms_err *err)
{
	struct mms_finding finding = { .state = state, .object = mms_text_copy(object) };
	struct mms_finding *moved =
		mms_grow(findings->items, findings->n, &findings->cap, sizeof *moved);

	finding.detail = mms_text_copy(detail);
	finding.remedy = mms_text_copy(remedy);
	if (moved != NULL)
		findings->items = moved;
	if (moved == NULL || finding.object == NULL ||
	    (detail != NULL && finding.detail == NULL) ||
	    (remedy != NULL && finding.remedy == NULL)) {
		release_one(&finding);
		return mms_fail_nomem(err);
	}
	findings->items[findings->n++] = finding;
	return MMS_OK;
}

mms_rc
mms_findings_add_err(struct mms_findings *findings, enum mms_finding_state state,
		     const char *object, const struct mms_err *what, struct mms_err *err)
{
	const char *hint = mms_err_hint(what);

	return mms_findings_add(findings, state, object, mms_err_text(what),
				hint[0] != '\0' ? hint : NULL, err);
}

size_t
mms_findings_count(const struct mms_findings *findings, enum mms_finding_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->items[i].state == state;
	return n;
}
