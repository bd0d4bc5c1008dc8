import { escapeHtml } from './html.js';
import { reportStyle } from './style.js';

/** By this a report knows that a file is one, and may be replaced. */
export const GENERATOR = '<meta name="generator" content="vacate">';

export interface HtmlPage {
  /** Of the window; text. */
  readonly title: string;
  /** Text. */
  readonly heading: string;
  /** HTML. */
  readonly body: string;
  /** More CSS, for what only this page has. */
  readonly style?: string;
}

/** A whole report: one file that needs nothing but a browser, in light or in dark, on a screen or on paper. */
export function htmlPage({ title, heading, body, style = '' }: HtmlPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${GENERATOR}
<title>${escapeHtml(title)}</title>
<style>
${reportStyle}${style === '' ? '' : `\n${style}`}
</style>
</head>
<body>
<main>
<h1>${escapeHtml(heading)}</h1>
${body}
</main>
</body>
</html>
`;
}
