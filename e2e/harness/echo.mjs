// A web page that shows its caller's address: node echo.mjs ADDRESS:PORT…
import { createServer } from 'node:http';

for (const place of process.argv.slice(2)) {
  const end = place.lastIndexOf(':');
  const server = createServer((request, response) => {
    response.end(`${request.socket.remoteAddress}\n`);
  });
  server.listen(Number(place.slice(end + 1)), place.slice(0, end), () =>
    console.log(`listening on ${place}`),
  );
}
