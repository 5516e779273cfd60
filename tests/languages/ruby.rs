use std::fs;

use tempfile::TempDir;

use super::behaviours::served;
use super::c::build;
use crate::support::services::copy_sinatra;
use crate::support::site::as_text;
use crate::support::{Host, Isolation};

// Rack has no names for all that `knows_its_request` asks for, none for trailers, and Ruby none for
// traps.
behaves!("ruby", only answers, sends_fields_as_they_are, sets_the_status,
    draws_other_random_bytes_in_each_instance, sees_what_is_granted, writes_to_the_log,
    fails_with_a_text_for_the_log, reads_bodies_up_to_a_limit, streams_what_it_makes,
    sends_each_chunk_when_it_is_made, breaks_off_a_body_that_fails);
behaves!("ruby", alone);

fn fresh() -> &'static Host {
    served("ruby", Isolation::Fresh)
}

#[test]
fn the_environment_is_that_of_rack() {
    let response = fresh().send(
        "GET /environ?a=1 HTTP/1.1\r\nhost: shop.example:81\r\nx-two: 1\r\nx-two: 2\r\n\
         content-type: a/b\r\n\r\n",
    );
    let text = response.text();
    for line in [
        "REQUEST_METHOD=GET",
        "SCRIPT_NAME=",
        "PATH_INFO=/environ",
        "QUERY_STRING=a=1",
        "SERVER_NAME=shop.example",
        "SERVER_PORT=81",
        "SERVER_PROTOCOL=HTTP/1.1",
        "HTTP_HOST=shop.example:81",
        "HTTP_X_TWO=1, 2",
        "CONTENT_TYPE=a/b",
        "REMOTE_ADDR=127.0.0.1",
        "rack.url_scheme=http",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}: {text}");
    }
}

#[test]
fn its_random_numbers_differ_between_instances() {
    let drawn = [0; 4].map(|_| fresh().get("/rand").text().to_owned());
    let mut others = drawn.to_vec();
    others.sort();
    others.dedup();
    assert_eq!(others.len(), drawn.len(), "{drawn:?}");
}

#[test]
fn a_body_may_write_into_a_stream() {
    assert_eq!(fresh().get("/written").text(), "0\n1\n2\n");
}

const SINATRA: &str = "\
require 'sinatra/base'
class Shop < Sinatra::Base
  set :environment, :production
  get('/') { \"Hello\\n\" }
  get('/items/:name') { erb '<b><%= params[:name] %></b>' }
  post('/items') { params[:name] }
  get('/lines') { stream { |out| 3.times { |number| out << \"#{number}\\n\" } } }
end
run Shop
";

#[test]
fn sinatra_runs() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.ru"), SINATRA).unwrap();
    copy_sinatra(folder.path());
    let component = folder.path().join("shop.wasm");
    let end = build(folder.path(), &component);
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(end.stderr.contains("sinatra-"), "{}", end.stderr);
    let host = Host::serve(&[as_text(&component)]);
    assert_eq!(host.get("/").text(), "Hello\n");
    assert_eq!(host.get("/items/tea").text(), "<b>tea</b>");
    assert_eq!(host.get("/lines").text(), "0\n1\n2\n");
    assert_eq!(host.get("/nothing").status, 404);
    let form = "POST /items HTTP/1.1\r\nhost: localhost\r\ncontent-length: 8\r\n\
                content-type: application/x-www-form-urlencoded\r\n\r\nname=tea";
    assert_eq!(host.send(form).text(), "tea");
}

#[test]
fn an_app_that_cannot_be_loaded_is_told_with_its_line() {
    for (text, parts) in [
        (
            "\nnil.nothing\n",
            ["undefined method 'nothing'", "config.ru:2"],
        ),
        (
            "require 'absent'\n",
            ["cannot load such file", "vendor/bundle"],
        ),
        ("1 +\n", ["syntax error", "config.ru:"]),
        ("use Object\n", ["expected `run`", "config.ru"]),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("config.ru"), text).unwrap();
        let end = build(folder.path(), &folder.path().join("app.wasm"));
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        for part in parts {
            assert!(
                end.stderr.contains(part),
                "{part:?} is not in {}",
                end.stderr
            );
        }
    }
}
