const SVG = 'http://www.w3.org/2000/svg';

/** Strokes on a field of 24 by 24. */
const PATHS = {
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  back: 'M15 5l-7 7 7 7',
  outward: 'M14 5h5v5M19 5l-9 9M17 14v4a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1h4',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0',
  phone: 'M6 3h3l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z',
  document: 'M7 3h7l4 4v14H7a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM14 3v4h4M9.5 12h5M9.5 16h5',
  hide: 'M4 4l16 16M9.9 5.2A9 9 0 0 1 12 5c5 0 8.500 4.500 9.500 7a13 13 0 0 1-2.600 3.700M6.300 6.500A13 13 0 0 0 2.500 12c1 2.500 4.500 7 9.500 7a9 9 0 0 0 4-.9M10 10a3 3 0 0 0 4 4',
  mute: 'M11 5L6.500 9H3v6h3.500l4.500 4V5zM16 9.500l5 5M21 9.500l-5 5',
  flag: 'M5 21V4h11l-1.500 4L16 12H5',
  talk: 'M4 5h16v11H9l-5 4V5z',
  eye: 'M2.500 12C3.500 9.500 7 5 12 5s8.500 4.500 9.500 7c-1 2.500-4.500 7-9.500 7s-8.500-4.500-9.500-7zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  settings: 'M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4M4 12h16',
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: what it stands for is always said in words beside it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of [
    ['viewBox', '0 0 24 24'],
    ['class', 'icon'],
    ['aria-hidden', 'true'],
    ['focusable', 'false'],
  ] as const)
    svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
