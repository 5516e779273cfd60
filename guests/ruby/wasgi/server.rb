# frozen_string_literal: true

module Wasgi
  # What the host calls, one call after the other.
  class Server
    RACK = { "rack.multithread" => false, "rack.multiprocess" => true, "rack.run_once" => false }.freeze
    # The log says where a failure comes from, not the whole way there.
    FRAMES = 12
    private_constant :RACK, :FRAMES

    def initialize(app)
      @app = app
      @bodies = {}
      @count = 0
      @is_started = false
    end

    # The first number says which function of the contract it is.
    def call(function, argument)
      case function
      when 0 then handle(argument)
      when 1 then next_piece(argument)
      when 2 then Memory.result([0, 0].pack("LL"))
      else drop(argument)
      end
    rescue Exception => error # rubocop:disable Lint/RescueException
      # The call then traps, which says nothing.
      warn describe(error)
      raise
    end

    # Answers a request that nobody sent, so that what it loads is there before the memory is
    # frozen.
    def warm(path)
      environ = { "REQUEST_METHOD" => "GET", "SCRIPT_NAME" => "", "PATH_INFO" => path,
                  "QUERY_STRING" => "", "SERVER_NAME" => "localhost", "SERVER_PORT" => "80",
                  "SERVER_PROTOCOL" => "HTTP/1.1", "rack.url_scheme" => "http",
                  "HTTP_HOST" => "localhost" }
      response = answer(environ, Input.new(nil))
      response.fields
      nil while response.bytes.nil? && response.next
      response.status
    end

    private

    def handle(address)
      start unless @is_started
      environ, handle = Environ.read(address)
      input = Input.new(handle)
      response = answer(environ, input)
      give(response)
    rescue Exception => error # rubocop:disable Lint/RescueException
      input&.close
      fail_with(error)
    end

    def answer(environ, input)
      environ.update(RACK)
      environ["rack.input"] = input
      environ["rack.errors"] = $stderr
      Response.new(@app.call(environ), input)
    end

    def give(response)
      texts = response.fields.flatten
      list = pairs(texts)
      content, *kept = content(response)
      head = [0, response.status, Memory.address(list), texts.size / 2].pack("Cx3Sx2LL")
      Memory.result(head + content, list, texts, kept)
    end

    # The bytes, or the handle of a body that has them later.
    def content(response)
      if (bytes = response.bytes)
        return [0, 0, 0].pack("Cx3LL") if bytes.empty?
        return [[1, Memory.address(bytes), bytes.bytesize].pack("Cx3LL"), bytes]
      end
      @count = (@count + 1) & 0xff_ffff
      @bodies[@count] = response
      [2, Memory.new_body(@count), 0].pack("Cx3LL")
    end

    def next_piece(number)
      piece = @bodies.fetch(number).next
      return Memory.result([0, 0, 0, 0].pack("Cx3Cx3LL")) unless piece
      Memory.result([0, 1, Memory.address(piece), piece.bytesize].pack("Cx3Cx3LL"), piece)
    rescue Exception => error # rubocop:disable Lint/RescueException
      fail_with(error)
    end

    def drop(number)
      @bodies.delete(number)&.close
      nil
    rescue Exception => error # rubocop:disable Lint/RescueException
      warn "closing the body: #{describe(error)}"
    end

    def fail_with(error)
      text = describe(error).b
      Memory.result([1, Memory.address(text), text.bytesize, 0, 0, 0, 0].pack("Cx3LLLLLL"), text)
    end

    def describe(error)
      error.full_message(highlight: false, order: :top).lines.first(FRAMES).join.scrub.strip
    end

    # What was frozen is the same in each instance, and must not be.
    def start
      @is_started = true
      Random.srand
      ENV.replace(Memory.environment)
    end

    # A list of pairs of texts, which lie where they are.
    def pairs(texts)
      texts.map { |text| [Memory.address(text), text.bytesize].pack("LL") }.join
    end
  end
end
