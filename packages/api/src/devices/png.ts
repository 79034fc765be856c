import { PNG } from 'pngjs';

/** Draws a square of modules (true is dark) as a greyscale PNG, each `scale` pixels wide. */
export function renderPng(modules: readonly (readonly boolean[])[], scale: number): Buffer {
  const size = modules.length * scale;
  const png = new PNG({ width: size, height: size, colorType: 0, inputColorType: 0 });
  const grey = Buffer.alloc(size * size, 0xff);
  modules.forEach((row, y) =>
    row.forEach((dark, x) => {
      if (!dark) return;
      for (let line = y * scale; line < (y + 1) * scale; line++) {
        grey.fill(0, line * size + x * scale, line * size + (x + 1) * scale);
      }
    }),
  );
  png.data = grey;
  return PNG.sync.write(png, { colorType: 0, inputColorType: 0 });
}
