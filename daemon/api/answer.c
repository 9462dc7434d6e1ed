/* SPDX-License-Identifier: MIT */
#include "daemon/api/answer.h"

#include "daemon/api/event_stream.h"
#include "daemon/api/export.h"
#include "daemon/api/publish.h"
#include "daemon/api/reload_answer.h"
#include "daemon/api/reply.h"
#include "daemon/book/attempt_json.h"
#include "proto/link/text.h"

#include <stdlib.h>
#include <string.h>

static const char *header(const struct api_request *request, const char *name)
{
    return rules_header(request->connection, name);
}

const char *answer_refusal(const struct api_request *request)
{
    if (request->endpoint->kind != LISTENER_DASHBOARD)
        return NULL;
    return control_refusal(&request->endpoint->routes->control, request->connection);
}

/* The members of the status that tell whether this client may. The read-only listener has no commands to refuse. */
static json_t *control_json(const struct api_request *request)
{
    const char *refusal = answer_refusal(request);
    bool control = !refusal && request->endpoint->kind != LISTENER_WATCH;
    return json_pack("{s:b, s:s?}", "control", control, "control_reason", refusal);
}

enum MHD_Result answer_status(struct api_request *request, const char *part)
{
    (void)part;
    json_t *status = publish_status(request->endpoint->routes->station);
    json_object_update_new(status, control_json(request));
    return reply_json(request->connection, MHD_HTTP_OK, status);
}

enum MHD_Result answer_slots(struct api_request *request, const char *part)
{
    (void)part;
    return reply_json(request->connection, MHD_HTTP_OK, publish_slots(request->endpoint->routes->station));
}

enum MHD_Result answer_events(struct api_request *request, const char *part)
{
    (void)part;
    struct routes *routes = request->endpoint->routes;
    if (request->head)
        return reply_stream_head(request->connection, EVENT_STREAM_TYPE, NULL);
    json_t *more = control_json(request);
    enum MHD_Result result =
        event_stream_answer(&routes->streams, &request->endpoint->clients, request->connection, routes->station,
                            routes->events, more, header(request, MHD_HTTP_HEADER_LAST_EVENT_ID));
    json_decref(more);
    return result;
}

/* The answer comes when the book has spoken: export_answer(). */
static enum MHD_Result ask_book(struct api_request *request, const struct query *query)
{
    struct routes *routes = request->endpoint->routes;
    request->export = export_open(&routes->streams, request->connection, station_book(routes->station), query);
    return request->export ? MHD_YES : MHD_NO;
}

static enum MHD_Result answer_book(struct api_request *request, bool units)
{
    struct query query;
    char error[256];
    query_init(&query, units);
    for (size_t i = 0; i < request->target.n; i++) {
        const struct target_parameter *p = &request->target.parameters[i];
        if (query_set(&query, p->name, p->name_len, p->value, p->value_len, error, sizeof(error)) != 0)
            return reply_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", error);
    }
    if (query_check(&query, error, sizeof(error)) != 0)
        return reply_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", error);
    return ask_book(request, &query);
}

/* One line of NDJSON is one object. */
enum MHD_Result answer_attempt(struct api_request *request, const char *id)
{
    struct query query;
    query_init(&query, false);
    query.format = BOOK_NDJSON;
    size_t digits = strspn(id, "0123456789");
    query.filter.id = digits <= 18 && id[digits] == '\0' ? strtoll(id, NULL, 10) : 0;
    if (query.filter.id == 0)
        return reply_error(request->connection, MHD_HTTP_NOT_FOUND, "there is no attempt %.40s", id);
    return ask_book(request, &query);
}

enum MHD_Result answer_attempts(struct api_request *request, const char *part)
{
    (void)part;
    return answer_book(request, false);
}

enum MHD_Result answer_units(struct api_request *request, const char *part)
{
    (void)part;
    return answer_book(request, true);
}

/* The sentence may hold a name that is no UTF-8. */
static enum MHD_Result reply_sentence(struct api_request *request, unsigned status, const char *sentence)
{
    return reply_json(request->connection, status, json_pack("{s:o}", "error", text_json(sentence)));
}

enum MHD_Result answer_start_slot(struct api_request *request, const char *name)
{
    struct slot_snapshot slot;
    const char *refusal;
    char nowhere[256];
    switch (station_start_slot(request->endpoint->routes->station, name, &slot, &refusal)) {
    case STATION_OK: return reply_json(request->connection, MHD_HTTP_ACCEPTED, publish_slot(&slot));
    case STATION_CONFLICT: return reply_sentence(request, MHD_HTTP_CONFLICT, refusal);
    case STATION_NO_SUCH_SLOT: break;
    }
    text_print(nowhere, sizeof(nowhere), "there is no slot \"%s\"", name);
    return reply_sentence(request, MHD_HTTP_NOT_FOUND, nowhere);
}

static void on_started(void *data, const char *name)
{
    json_array_append_new(data, text_json(name));
}

enum MHD_Result answer_start(struct api_request *request, const char *part)
{
    (void)part;
    json_t *started = json_array();
    const char *refusal = station_start_slots(request->endpoint->routes->station, on_started, started);
    return reply_json(
        request->connection, MHD_HTTP_ACCEPTED,
        json_pack("{s:o, s:o}", "started", started, "refused", refusal ? text_json(refusal) : json_null()));
}

/* ?seconds=N: one number, nothing behind it. */
enum MHD_Result answer_hold(struct api_request *request, const char *part)
{
    (void)part;
    const struct target_parameter *seconds = target_find(&request->target, "seconds");
    const char *text = seconds ? seconds->value : NULL;
    size_t digits = text ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > 2 || text[digits] || atoi(text) > STATION_PAUSE_MAX)
        return reply_error(request->connection, MHD_HTTP_BAD_REQUEST, "seconds must be a number from 0 to %d",
                           STATION_PAUSE_MAX);
    station_pause(request->endpoint->routes->station, (unsigned)atoi(text));
    return reply_json(request->connection, MHD_HTTP_ACCEPTED, json_pack("{s:b}", "held", atoi(text) > 0));
}

/* The answer comes at the reload's end: reload_answer_send(). */
enum MHD_Result answer_reload(struct api_request *request, const char *part)
{
    struct routes *routes = request->endpoint->routes;
    char refusal[256];
    (void)part;
    request->reload =
        reload_answer_open(&routes->streams, request->connection, routes->station, refusal, sizeof(refusal));
    return request->reload ? MHD_YES : reply_sentence(request, MHD_HTTP_CONFLICT, refusal);
}

enum MHD_Result answer_page(struct api_request *request, const char *part)
{
    (void)part;
    struct routes *routes = request->endpoint->routes;
    char url[sizeof(routes->dashboard) + CONTROL_SECRET_LENGTH + 8];
    if (!routes->dashboard[0])
        return reply_error(request->connection, MHD_HTTP_CONFLICT, "there is no dashboard ([http] listen = none)");
    control_new_url(&routes->control, routes->dashboard, url, sizeof(url));
    return reply_json(request->connection, MHD_HTTP_OK, json_pack("{s:s}", "url", url));
}
