"""One file a promise: through the browser, HTTP, the real worker, SMTP server and Alertmanager."""
