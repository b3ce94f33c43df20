/* Changes that people make outside to the events of bookings (see turn.h). */
#include "turn.h"

mms_rc
mms_inward_note(struct mms_turn_state *t, const struct mms_known_event *known,
		const struct mms_event *event, struct mms_err *err)
{
	(void)t;
	(void)known;
	(void)event;
	(void)err;
	return MMS_OK;
}

mms_rc
mms_inward_settle(struct mms_turn_state *t, struct mms_session *session, bool is_full,
		  struct mms_err *err)
{
	(void)t;
	(void)session;
	(void)is_full;
	(void)err;
	return MMS_OK;
}
