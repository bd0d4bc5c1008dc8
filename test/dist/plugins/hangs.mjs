/** A page type whose module is never loaded to its end. */
process.stderr.write('the plugin is being loaded\n');
setInterval(() => {}, 1000);
await new Promise(() => {});
