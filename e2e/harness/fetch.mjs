// Fetches a page and prints it; exits with 1 on a timeout: node fetch.mjs URL MILLISECONDS
import { get } from 'node:http';

const [url, milliseconds] = process.argv.slice(2);
const request = get(url, { signal: AbortSignal.timeout(Number(milliseconds)), agent: false }, (response) => {
  response.pipe(process.stdout);
});
request.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
