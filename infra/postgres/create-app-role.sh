#!/bin/sh
# Runs once, when the database is created: the role that processes connect as. Migrations grant it what it may do.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$STRONGROOM_APP_PASSWORD" <<'SQL'
CREATE ROLE strongroom_app LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
SQL
