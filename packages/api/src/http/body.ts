import { CVaultError } from '@cvault/core';
import fp from 'fastify-plugin';

/** Above any request that we know, far below what a process could be choked with. */
export const BODY_LIMIT_BYTES = 64 * 1024;

/** What is still to come of a body when its request was answered: refused at the door, mostly. */
const REST_MS = 5_000;

const malformed = (detail: string) => new CVaultError('malformed_body', detail);

/** `application/json`, alone or with the one character set that JSON has (RFC 8259 section 8.1). */
const JSON_IN_UTF8 = /^application\/json[ \t]*(;[ \t]*charset[ \t]*=[ \t]*"?utf-?8"?[ \t]*)?;?$/i;

/**
 * Bodies are JSON in UTF-8, and nothing else: Fastify's own parsers are taken out, so there is no media type under which
 * a body could come past the validation.
 */
export const strictJson = fp((app, _options, done) => {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
    (request, body: Buffer, parsed) => {
      if (!JSON_IN_UTF8.test(request.headers['content-type'] ?? '')) {
        parsed(new CVaultError('unsupported_media_type', 'Send the body as application/json in UTF-8.'));
        return;
      }
      // Many clients send the header with every request. A route that wants a body refuses to have none.
      if (body.length === 0) {
        parsed(null, undefined);
        return;
      }
      let text: string;
      try {
        text = new TextDecoder('utf-8', { fatal: true }).decode(body);
      } catch {
        parsed(malformed('The body is not encoded in UTF-8.'));
        return;
      }
      // The parser's own message quotes the body, so it goes nowhere.
      void parse(request, text, (error, value) => {
        if (error === null) parsed(null, value);
        else parsed(malformed('The body is not JSON.'));
      });
    },
  );
  // Node waits 90 s for the rest of a body (measured) once its request is answered: the connection is somebody's who sends a
  // byte a second.
  app.addHook('onResponse', (request, _reply, next) => {
    const { raw } = request;
    if (!raw.complete) setTimeout(() => raw.complete || raw.destroy(), REST_MS).unref();
    next();
  });
  done();
});
