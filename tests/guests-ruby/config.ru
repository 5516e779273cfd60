# frozen_string_literal: true

# All behaviours of the suite in one program, by path.

require "securerandom"

# A body that is made when it is asked for.
class Pieces
  def initialize(&make)
    @make = make
  end

  def each(&take)
    @make.call(take)
  end
end

module Behaviours
  TEXT = { "content-type" => "text/plain; charset=utf-8" }.freeze
  LENGTH_MAX = 1_000_000
  @count = 0

  class << self
    def call(environ)
      query = environ["QUERY_STRING"].split("&").to_h { |pair| pair.split("=", 2) }
      name = environ["PATH_INFO"].delete_prefix("/").tr("-", "_")
      return text("nothing\n", 404) unless name.match?(/\A[a-z_]+\z/) && respond_to?("on_#{name}", true)
      send("on_#{name}", environ, query)
    end

    private

    def text(content, status = 200, fields = {})
      [status, TEXT.merge(fields), [content]]
    end

    def on_hello(*) = text("Hello, world!\n")
    def on_env(*) = text(ENV.fetch("GREETING"))
    def on_random(*) = text(SecureRandom.hex(16))
    def on_rand(*) = text(rand.to_s)
    def on_status(_, query) = text("status\n", query["code"])
    def on_fail(*) = raise("told to fail")
    def on_trap(*) = Process.abort
    def on_count(*) = text((@count += 1).to_s)

    def on_environ(environ, _)
      text(environ.filter_map { |name, value| "#{name}=#{value}\n" if value.is_a?(String) }.join)
    end

    def on_cookies(environ, _)
      agent = environ.fetch("HTTP_USER_AGENT", "none")
      text("", 200, "set-cookie" => %w[a=1 b=2], "x-bytes" => "\xFF\xFE".b, "x-agent" => agent)
    end

    def on_log(environ, _)
      environ["rack.errors"].puts "a line of the guest"
      warn "a line of stdio"
      text("logged\n")
    end

    def on_length(environ, query)
      max = query.fetch("max", LENGTH_MAX).to_i
      body = environ["rack.input"].read(max + 1).to_s
      return text("too large\n", 413) if body.bytesize > max
      text("#{body.bytesize}#{" with a NUL" if body.include?("\0")}")
    end

    def on_stream(_, query)
      size = query.fetch("size", 1024).to_i
      [200, TEXT, Pieces.new { |take| query.fetch("chunks", 10).to_i.times { take.call("x" * size) } }]
    end

    def on_ticks(_, query)
      pieces = Pieces.new do |take|
        query["count"].to_i.times do |number|
          take.call("tick #{number}\n")
          sleep(query["ms"].to_i / 1000.0)
        end
      end
      [200, TEXT, pieces]
    end

    def on_fail_mid_body(*)
      pieces = Pieces.new do |take|
        take.call("first\n")
        raise "told to fail"
      end
      [200, TEXT, pieces]
    end

    def on_written(*)
      [200, TEXT, ->(stream) { 3.times { |number| stream.write("#{number}\n") } }]
    end

    def on_echo(environ, _)
      input = environ["rack.input"]
      pieces = Pieces.new do |take|
        while (piece = input.read(65_536)) do take.call(piece) end
      end
      [200, { "content-type" => environ.fetch("CONTENT_TYPE", "text/plain") }, pieces]
    end
  end
end

run Behaviours
