# frozen_string_literal: true

require "minitest/autorun"
require "stringio"
require "app"

class AppTest < Minitest::Test
  def request(method, path, body = "")
    environ = { "REQUEST_METHOD" => method, "PATH_INFO" => path, "rack.input" => StringIO.new(body) }
    status, _headers, pieces = App.new.call(environ)
    [status, pieces.join]
  end

  def test_the_visitor_is_greeted
    assert_equal [200, "Hello from app-name\n"], request("GET", "/")
  end

  def test_words_are_counted
    assert_equal [200, "4 words\n"], request("POST", "/count", " to be\nor not ")
  end

  def test_what_is_not_there_is_not_found
    assert_equal 404, request("GET", "/nothing").first
  end
end
