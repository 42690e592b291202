import { ink, measure, page, type Sheet, type TextStyle, write } from './layout.ts';

export type Column = {
  readonly label: string;
  /** Share of the table's width; the shares need not add up to anything. */
  readonly share: number;
  readonly align?: 'left' | 'right' | 'center';
};

export type Row = {
  readonly kind?: 'plain' | 'group' | 'total';
  readonly cells: readonly string[];
  /** A second, fainter line under the first cell. */
  readonly detail?: string;
};

export type TableOptions = {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly x?: number;
  readonly width?: number;
  readonly size?: number;
  readonly padding?: number;
  /** Makes a new page and gives the y to go on at; without it the table must fit. */
  readonly onPageEnd?: () => number;
};

type Frame = { readonly x: number; readonly width: number; readonly size: number; readonly padding: number };

const cellEdges = (columns: readonly Column[], frame: Frame): readonly { x: number; width: number }[] => {
  const shares = columns.reduce((total, column) => total + column.share, 0);
  let x = frame.x;
  return columns.map((column) => {
    const width = (column.share / shares) * frame.width;
    const edge = { x: x + 6, width: width - 12 };
    x += width;
    return edge;
  });
};

const drawHead = (sheet: Sheet, columns: readonly Column[], frame: Frame, y: number): number => {
  const edges = cellEdges(columns, frame);
  const style = (index: number): TextStyle => ({
    size: frame.size - 0.5,
    font: 'bold',
    color: '#ffffff',
    width: edges[index]?.width ?? 0,
    align: columns[index]?.align ?? 'left',
  });
  const tallest = Math.max(...columns.map((column, index) => measure(sheet, column.label, style(index))));
  const height = tallest + 8;
  sheet.pdf.rect(frame.x, y, frame.width, height).fill(sheet.theme.primary);
  for (const [index, column] of columns.entries()) {
    const own = measure(sheet, column.label, style(index));
    write(sheet, column.label, edges[index]?.x ?? 0, y + 5.5 + tallest - own, style(index));
  }
  return y + height;
};

/** Draws a ruled table with a coloured head, repeated on each page; gives the y below it. */
export const drawTable = (sheet: Sheet, top: number, options: TableOptions): number => {
  const { columns, rows } = options;
  const frame: Frame = {
    x: options.x ?? page.left,
    width: options.width ?? page.contentWidth,
    size: options.size ?? 8.5,
    padding: options.padding ?? 4,
  };
  const edges = cellEdges(columns, frame);
  let y = drawHead(sheet, columns, frame, top);

  const styleOf = (row: Row, index: number): TextStyle => ({
    size: frame.size,
    font: row.kind === 'group' || row.kind === 'total' ? 'bold' : 'regular',
    color: row.kind === 'group' ? sheet.theme.primary : ink.text,
    // A group's name has no figures beside it and may run across.
    width: row.kind === 'group' ? frame.width - 12 : (edges[index]?.width ?? 0),
    align: columns[index]?.align ?? 'left',
  });
  // A line's box has its room below the letters; this centres them between the rules.
  const drop = frame.size * 0.22;
  const detailStyle: TextStyle = { size: frame.size - 1, color: ink.soft, width: edges[0]?.width ?? 0 };

  for (const row of rows) {
    const text = Math.max(...row.cells.map((cell, index) => measure(sheet, cell, styleOf(row, index))));
    const detail = row.detail === undefined ? 0 : measure(sheet, row.detail, detailStyle);
    const height = text + detail + 2 * frame.padding;
    if (options.onPageEnd && y + height > page.bottom)
      y = drawHead(sheet, columns, frame, options.onPageEnd());
    if (row.kind === 'group' || row.kind === 'total') {
      sheet.pdf.rect(frame.x, y, frame.width, height).fill(sheet.theme.tint);
    }
    for (const [index, cell] of row.cells.entries()) {
      if (cell !== '')
        write(sheet, cell, edges[index]?.x ?? 0, y + frame.padding + drop, styleOf(row, index));
    }
    if (row.detail !== undefined) {
      write(sheet, row.detail, edges[0]?.x ?? 0, y + frame.padding + drop + text, detailStyle);
    }
    y += height;
    const thickness = row.kind === 'total' ? 1 : 0.5;
    const color = row.kind === 'total' ? sheet.theme.primary : ink.rule;
    sheet.pdf
      .moveTo(frame.x, y)
      .lineTo(frame.x + frame.width, y)
      .lineWidth(thickness)
      .strokeColor(color)
      .stroke();
  }
  return y;
};
