import { CVaultError } from '../errors.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ARRIVAL_MS, BODY_LIMIT_BYTES } from '../limits/limits.ts';

/** The time limit for the rest of a body after its request was answered early, usually by a refusal at the door. */
const REST_MS = 5_000;

const NOT_JSON = 'Send the body as application/json in UTF-8.';
const notAnObject = () =>
  new CVaultError('invalid_request', 'The body must be a JSON object.', {
    faults: [{ pointer: '', message: 'must be a JSON object' }],
  });
/**
 * Fastify's parser refuses fields that could change an object's prototype. Every other fault of a body is one of
 * syntax.
 */
const forbiddenField = () =>
  new CVaultError('invalid_request', 'The body has a field of a name that none may have.', {
    faults: [
      { pointer: '', message: 'must have no field `__proto__`, and none `prototype` in a `constructor`' },
    ],
  });
const malformed = (detail: string) => new CVaultError('malformed_body', detail);

/** `application/json`, alone or with JSON's only character set (RFC 8259 section 8.1). */
const JSON_IN_UTF8 = /^application\/json[ \t]*(;[ \t]*charset[ \t]*=[ \t]*"?utf-?8"?[ \t]*)?;?$/i;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Refuses a body by its headers, before waiting for it.
 * @throws CVaultError `body_too_large`, `unsupported_media_type`
 */
export function checkBodyHeaders(request: FastifyRequest): void {
  const { headers, server, method } = request;
  if (method === 'GET' || method === 'HEAD' || !hasBody(request)) return;
  if (Number(headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) {
    throw new CVaultError('body_too_large', 'The body is larger than 64 KiB.');
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw new CVaultError(
      'unsupported_media_type',
      'The body is compressed. Send it as it is, without Content-Encoding.',
    );
  }
  const type = headers['content-type'] ?? '';
  const isJson = /^application\/json[ \t]*(;|$)/i.test(type);
  if (isJson ? !JSON_IN_UTF8.test(type) : !server.hasContentTypeParser(type.split(';', 1)[0]!.trim())) {
    throw new CVaultError('unsupported_media_type', NOT_JSON);
  }
}

/** Answers 408 if the body does not arrive in time. Returns a function that cancels the wait. */
export function boundArrival(request: FastifyRequest, reply: FastifyReply): () => void {
  if (request.raw.complete || !hasBody(request)) return () => undefined;
  const late = setTimeout(() => {
    const seconds = ARRIVAL_MS / 1_000;
    void reply
      .header('connection', 'close')
      .send(new CVaultError('request_timeout', `The body did not arrive within ${seconds} s.`));
  }, ARRIVAL_MS).unref();
  return () => clearTimeout(late);
}

/** Accepts only JSON in UTF-8. Fastify's own parsers are removed, so no media type lets a body bypass validation. */
export const strictJson = fp((app, _options, done) => {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
    (request, body: Buffer, parsed) => {
      if (!JSON_IN_UTF8.test(request.headers['content-type'] ?? '')) {
        parsed(new CVaultError('unsupported_media_type', NOT_JSON));
        return;
      }
      // Many clients send the header with every request. Routes that need a body refuse its absence themselves.
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
      // The parser's own message quotes the body, so it is discarded.
      void parse(request, text, (error, value) => {
        // Fastify represents a missing body as null, so a literal `null` has to be refused here.
        if (error === null && value === null) parsed(notAnObject());
        else if (error === null) parsed(null, value);
        else parsed(isJson(text) ? forbiddenField() : malformed('The body is not JSON.'));
      });
    },
  );
  // After an early answer, Node waits 90 s for the rest of the body (measured), however slowly it arrives.
  app.addHook('onResponse', (request, _reply, next) => {
    const { raw } = request;
    if (!raw.complete) setTimeout(() => raw.complete || raw.destroy(), REST_MS).unref();
    next();
  });
  done();
});
