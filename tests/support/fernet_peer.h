/* A Fernet encoder of its own, for what Frappe has stored: not the program's. */
#ifndef SUPPORT_FERNET_PEER_H
#define SUPPORT_FERNET_PEER_H

#include <stdint.h>

#include "mmsync/str.h"

/* key: url-safe base64 of 32 bytes. Aborts where that is not so. Source: github.com/fernet/spec. */
void fernet_peer_encrypt(const char *key, const char *text, int64_t now_s, struct mms_str *out);

#endif
