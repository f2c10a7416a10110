#!/bin/sh
# The desk's roles and database on a new PostgreSQL, as its superuser. docs/settings.md has the same
# statements for a server of one's own. OWNER_PASSWORD and APP_PASSWORD are of the environment.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
CREATE ROLE desk_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE ROLE desk_app LOGIN NOINHERIT PASSWORD :'app_password';
CREATE ROLE partner_portal NOLOGIN;
GRANT partner_portal TO desk_app;
CREATE DATABASE incidentdesk OWNER desk_owner;
SQL
