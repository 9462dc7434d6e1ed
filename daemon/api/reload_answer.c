/* SPDX-License-Identifier: MIT */
#include "daemon/api/reload_answer.h"

#include "daemon/api/reply.h"
#include "daemon/base/error_list.h"
#include "daemon/base/memory.h"
#include "daemon/book/attempt_json.h"

#include <stdlib.h>

struct reload_answer {
    struct stream stream;
    struct station *station;
    struct station_reload_waiter waiter;
    char *errors, *kept; /* the result; NULL before the end */
};

static void on_end(void *data, const char *errors, const char *kept)
{
    struct reload_answer *answer = data;
    answer->errors = must_strdup(errors);
    answer->kept = must_strdup(kept);
    stream_resume(&answer->stream);
}

struct reload_answer *reload_answer_open(struct streams *streams, struct MHD_Connection *connection,
                                         struct station *station, char *refusal, size_t size)
{
    struct reload_answer *answer = must_calloc(1, sizeof(*answer));
    answer->station = station;
    answer->waiter = (struct station_reload_waiter){.done = on_end, .data = answer};
    if (!station_reload_and_tell(station, &answer->waiter, refusal, size)) {
        free(answer);
        return NULL;
    }
    stream_begin(&answer->stream, streams, connection);
    stream_suspend(&answer->stream);
    return answer;
}

void reload_answer_close(struct reload_answer *answer)
{
    if (!answer->errors)
        station_reload_forget(answer->station, &answer->waiter);
    stream_end(&answer->stream);
    free(answer->errors);
    free(answer->kept);
    free(answer);
}

static json_t *refusal_json(const char *errors)
{
    char summary[ERROR_LIST_LINE_MAX + 64];
    error_list_summary(errors, summary, sizeof(summary));
    return json_pack("{s:o, s:o}", "error", text_json(summary), "errors", lines_json(errors));
}

enum MHD_Result reload_answer_send(struct reload_answer *answer)
{
    struct MHD_Connection *connection = answer->stream.connection;
    enum MHD_Result result;
    if (!answer->errors)
        result = reply_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "gangd ends before the reload has ended");
    else if (answer->errors[0])
        result = reply_json(connection, MHD_HTTP_UNPROCESSABLE_CONTENT, refusal_json(answer->errors));
    else
        result = reply_json(connection, MHD_HTTP_OK, json_pack("{s:o}", "needs_restart", lines_json(answer->kept)));
    reload_answer_close(answer);
    return result;
}
