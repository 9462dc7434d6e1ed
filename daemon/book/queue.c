/* SPDX-License-Identifier: MIT */
#include "daemon/book/queue.h"

void queue_init(struct queue *queue, uv_async_t *results)
{
    queue->results = results;
    TAILQ_INIT(&queue->writes);
    TAILQ_INIT(&queue->reads);
    TAILQ_INIT(&queue->done);
    uv_mutex_init(&queue->lock);
    uv_cond_init(&queue->wake_writer);
    uv_cond_init(&queue->wake_reader);
    uv_cond_init(&queue->changed);
}

void queue_destroy(struct queue *queue)
{
    jobs_free(&queue->writes);
    jobs_free(&queue->reads);
    jobs_free(&queue->done);
    uv_mutex_destroy(&queue->lock);
    uv_cond_destroy(&queue->wake_writer);
    uv_cond_destroy(&queue->wake_reader);
    uv_cond_destroy(&queue->changed);
}

void queue_submit(struct queue *queue, struct job *job)
{
    bool read = job_is_read(job);
    uv_mutex_lock(&queue->lock);
    TAILQ_INSERT_TAIL(read ? &queue->reads : &queue->writes, job, link);
    uv_cond_signal(read ? &queue->wake_reader : &queue->wake_writer);
    uv_mutex_unlock(&queue->lock);
}

void queue_pass_to_loop(struct queue *queue, struct job *job)
{
    TAILQ_INSERT_TAIL(&queue->done, job, link);
    if (queue->results)
        uv_async_send(queue->results);
}
