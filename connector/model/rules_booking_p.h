/* The people of a booking: what rules_people.c does for rules_booking.c. */
#ifndef MODEL_RULES_BOOKING_P_H
#define MODEL_RULES_BOOKING_P_H

#include "rules_p.h"

/* Look up every user of the child tables: has_user, and the row's own spelling. */
mms_rc mms_rules_find_people(struct judge *j, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_rules_assigned_users(struct judge *j, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_rules_participants(struct judge *j, struct mms_err *err) MMS_MUST_CHECK;
void mms_rules_history(struct judge *j);

#endif
