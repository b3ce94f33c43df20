/* What could not be done outside, kept for the report of a run or a push. */
#include "mmsync/mem.h"
#include "outward.h"

void
mms_troubles_release(struct mms_troubles *troubles)
{
	if (troubles == NULL)
		return;
	for (size_t i = 0; i < troubles->n; i++) {
		mms_free(troubles->items[i].name);
		mms_err_release(&troubles->items[i].err);
	}
	mms_free(troubles->items);
	*troubles = (struct mms_troubles){ 0 };
}

int
mms_troubles_exit_status(const struct mms_troubles *troubles)
{
	for (size_t i = 0; i < troubles->n; i++) {
		if (troubles->items[i].err.code == MMS_E_DB)
			return mms_rc_exit_status(MMS_E_DB);
	}
	return troubles->n + troubles->n_untold > 0;
}

void
mms_outward_note_trouble(struct mms_troubles *troubles, const char *name, struct mms_err *err)
{
	struct mms_outward_trouble *moved =
		mms_grow(troubles->items, troubles->n, &troubles->cap, sizeof *moved);

	if (moved == NULL) {
		troubles->n_untold++;
		mms_err_release(err);
		return;
	}
	troubles->items = moved;
	moved[troubles->n] = (struct mms_outward_trouble){ .name = mms_text_copy(name) };
	mms_err_move(&moved[troubles->n].err, err);
	troubles->n++;
}
