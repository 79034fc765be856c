import { PNG } from 'pngjs';
import { expect, test } from 'vitest';
import { renderPng } from './png.ts';

test('every module is drawn in its place, at its size', () => {
  const modules = [
    [true, false, true],
    [false, false, true],
    [true, true, false],
  ];
  const { width, height, data } = PNG.sync.read(renderPng(modules, 2));
  expect([width, height]).toEqual([6, 6]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dark = modules[Math.floor(y / 2)]![Math.floor(x / 2)];
      expect(data[(y * width + x) * 4], `pixel ${x},${y}`).toBe(dark === true ? 0 : 255);
    }
  }
});
