/** Vite takes style sheets as imports, and they have no value. */
declare module '*.css' {}
