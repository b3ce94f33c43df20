/* What a service shows of a block, as a digest (see block_job.h). */
#include <string.h>

#include "block_job.h"

mms_rc
mms_block_seen_print(struct mms_digest *digest, const struct mms_event *event,
		     unsigned char out[MMS_PRINT_BYTES], struct mms_err *err)
{
	unsigned char hash[MMS_SHA256_BYTES];

	mms_rc rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_i64(digest, event->start_ms);
	mms_digest_add_i64(digest, event->end_ms);
	/* Of no title some services make an empty one. */
	mms_digest_add_text(digest, event->title != NULL ? event->title : "");
	mms_digest_add_i64(digest, event->show == MMS_SHOW_BUSY);
	rc = mms_digest_end(digest, hash, err);
	if (rc == MMS_OK)
		memcpy(out, hash, MMS_PRINT_BYTES);
	return rc;
}

bool
mms_block_has_moved_house(const struct mms_source *source, const struct mms_block *block)
{
	const struct mms_integration *in = &source->integration;
	const struct mms_provider *provider = mms_provider_find(in->type);

	if (provider == NULL || block->provider == NULL)
		return false;
	return strcmp(block->provider, provider->name) != 0 ||
	       !mms_provider_is_same_calendar(provider, block->calendar_id, in->calendar_id,
					      in->user);
}

bool
mms_block_says_it(const struct mms_block *block, const struct mms_event *event)
{
	return event->start_ms == block->start_ms && event->end_ms == block->end_ms &&
	       !event->is_all_day && event->title != NULL && block->title != NULL &&
	       strcmp(event->title, block->title) == 0 && event->show == MMS_SHOW_BUSY &&
	       event->is_private;
}
