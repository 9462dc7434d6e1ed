/* SPDX-License-Identifier: MIT */
#include "daemon/api/routes.h"

#include "daemon/api/answer.h"
#include "daemon/api/reply.h"

#include <stdlib.h>
#include <string.h>

static enum MHD_Result answer_index(struct api_request *request, const char *part);

/* {NAME} in a path stands for one part of it, which the answerer gets. */
static const struct route {
    const char *path;
    bool post;
    enum listener_kind on; /* where it is */
    enum MHD_Result (*answer)(struct api_request *request, const char *part);
} table[] = {
    {"/api/v1/", false, LISTENER_FULL, answer_index},
    {"/api/v1/status", false, LISTENER_ANY, answer_status},
    {"/api/v1/events", false, LISTENER_ANY, answer_events},
    {"/api/v1/slots", false, LISTENER_FULL, answer_slots},
    {"/api/v1/attempts", false, LISTENER_FULL, answer_attempts},
    {"/api/v1/attempts/{id}", false, LISTENER_FULL, answer_attempt},
    {"/api/v1/units", false, LISTENER_FULL, answer_units},
    {"/api/v1/start", true, LISTENER_FULL, answer_start},
    {"/api/v1/slots/{slot}/start", true, LISTENER_FULL, answer_start_slot},
    {"/api/v1/slots/{slot}/retry", true, LISTENER_FULL, answer_start_slot}, /* its older name */
    {"/api/v1/hold", true, LISTENER_FULL, answer_hold},
    {"/api/v1/reload", true, LISTENER_FULL, answer_reload},
    {"/api/v1/page", true, LISTENER_LOCAL, answer_page},
};

/* The resources of this version that are on this socket: their paths and methods. */
static enum MHD_Result answer_index(struct api_request *request, const char *part)
{
    (void)part;
    json_t *resources = json_array();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].on & request->endpoint->kind)
            json_array_append_new(resources, json_pack("{s:s, s:s}", "path", table[i].path, "methods",
                                                       table[i].post ? "POST" : "GET, HEAD"));
    return reply_json(request->connection, MHD_HTTP_OK,
                      json_pack("{s:s, s:o}", "gangd", GANGD_VERSION, "resources", resources));
}

/* Puts what {NAME} stands for in `part` (size bytes). */
static bool route_matches(const char *path, const char *url, char *part, size_t size)
{
    part[0] = '\0';
    size_t before = strcspn(path, "{");
    if (path[before] == '\0')
        return strcmp(path, url) == 0;
    if (strncmp(path, url, before) != 0)
        return false;
    url += before;
    size_t len = strcspn(url, "/");
    if (len == 0 || len >= size || strcmp(strchr(path, '}') + 1, url + len) != 0)
        return false;
    memcpy(part, url, len);
    part[len] = '\0';
    return true;
}

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result answer_file(const struct api_request *request, const char *method)
{
    const char *url = request->target.path;
    const struct routes *routes = request->endpoint->routes;
    const struct static_file *file = static_files_find(routes->files, url);
    if (!routes->files && strcmp(url, "/") == 0)
        return reply_error(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, "no dashboard: %s", routes->files_error);
    if (!file)
        return reply_error(request->connection, MHD_HTTP_NOT_FOUND, "there is nothing at %.120s", url);
    if (!is_read(method))
        return reply_not_allowed(request->connection, "GET, HEAD");
    return reply_file(request->connection, file);
}

static enum MHD_Result answer_route(struct api_request *request, const char *method)
{
    const char *url = request->target.path;
    char part[128];
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct route *route = &table[i];
        if (!(route->on & request->endpoint->kind) || !route_matches(route->path, url, part, sizeof(part)))
            continue;
        if (!route->post && !is_read(method))
            return reply_not_allowed(request->connection, "GET, HEAD");
        if (route->post && strcmp(method, MHD_HTTP_METHOD_POST) != 0)
            return reply_not_allowed(request->connection, "POST");
        const char *ours = rules_header(request->connection, "X-Gangd");
        if (route->post && (!ours || strcmp(ours, "1") != 0))
            return reply_error(request->connection, MHD_HTTP_FORBIDDEN, "a POST needs the header X-Gangd: 1");
        const char *refusal = route->post ? answer_refusal(request) : NULL;
        if (refusal)
            return reply_error(request->connection, MHD_HTTP_FORBIDDEN, "%s", refusal);
        return route->answer(request, part);
    }
    return answer_file(request, method);
}

void *routes_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    size_t size = strlen(target) + 1;
    struct api_request *request = calloc(1, sizeof(*request) + size);
    if (!request)
        return NULL;
    request->endpoint = cls;
    request->connection = connection;
    memcpy(request->text, target, size);
    return request;
}

/* The request is whole, and nobody has looked at it yet. */
static enum MHD_Result answer_request(struct api_request *request, const char *method)
{
    struct MHD_Connection *connection = request->connection;
    enum MHD_Result result;
    char error[128];
    if (!target_parse(&request->target, request->text, error, sizeof(error)))
        return reply_error(connection, MHD_HTTP_BAD_REQUEST, "%s", error);
    if (!rules_allow(&request->endpoint->rules, connection, &request->target, &result))
        return result;
    const char *token = request->endpoint->token;
    if (token[0] && !token_is_shown(connection, token))
        return token_answer(connection, token, &request->target);
    struct control *control = &request->endpoint->routes->control;
    if (request->endpoint->kind == LISTENER_DASHBOARD && control_is_key(control, &request->target, method))
        return control_answer_key(control, connection, &request->target);
    return answer_route(request, method);
}

enum MHD_Result routes_answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **con_cls)
{
    (void)cls;
    (void)url;
    (void)version;
    (void)upload;
    struct api_request *request = *con_cls;
    if (!request)
        return MHD_NO; /* out of memory in routes_begin() */
    if (!request->header_came) {
        request->header_came = true;
        request->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
        return rules_before_body(connection);
    }
    if (*upload_size) { /* no resource reads a body: it is taken and dropped */
        *upload_size = 0;
        return MHD_YES;
    }
    if (request->export) { /* the second call: the book has answered */
        struct export *export = request->export;
        request->export = NULL;
        return export_answer(export, request->head);
    }
    if (request->reload) { /* the second call: the reload has ended */
        struct reload_answer *reload = request->reload;
        request->reload = NULL;
        return reload_answer_send(reload);
    }
    clients_request_came(connection);
    return answer_request(request, method);
}

void routes_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                      enum MHD_RequestTerminationCode code)
{
    (void)code;
    const struct endpoint *endpoint = cls;
    clients_request_ended(connection, &endpoint->clients);
    struct api_request *request = *con_cls;
    if (request && request->export)
        export_close(request->export);
    if (request && request->reload)
        reload_answer_close(request->reload);
    free(request);
    *con_cls = NULL;
}

void routes_keep_alive(struct routes *routes)
{
    streams_keep_alive(&routes->streams);
}

void routes_end_streams(struct routes *routes)
{
    streams_resume(&routes->streams);
}
