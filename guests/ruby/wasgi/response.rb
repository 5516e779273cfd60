# frozen_string_literal: true

module Wasgi
  # An answer of an app, as the contract has it.
  class Response
    def initialize(answer, input)
      @status, @headers, @body = answer
      @input = input
    end

    # The fields: one of a name for each of its values, which Rack 2 parts by lines.
    def fields
      @headers.reject { |name, _| name.start_with?("rack.") }.flat_map do |name, value|
        values = value.is_a?(Array) ? value : value.to_s.split("\n", -1)
        values.map { |one| [name.to_s.downcase, one.to_s] }
      end
    end

    def status
      Integer(@status)
    end

    # The whole content, if the app has made it already.
    def bytes
      return unless @body.respond_to?(:to_ary)
      @body.to_ary.join.b.tap { close }
    end

    # The next piece of the content, or nil.
    def next
      @pieces ||= pieces
      piece = @pieces.next.to_s while piece.nil? || piece.empty?
      piece
    rescue StopIteration
      nil
    end

    def close
      @body.close if @body.respond_to?(:close)
      @body = nil
      @input.close
    end

    private

    # Rack 3 also has bodies that write into a stream.
    def pieces
      body, input = @body, @input
      return body.to_enum(:each) if body.respond_to?(:each)
      Enumerator.new { |pieces| body.call(Stream.new(pieces, input)) }
    end
  end

  # What a body of Rack 3 writes into, and reads the request's body from.
  class Stream
    def initialize(pieces, input)
      @pieces = pieces
      @input = input
    end

    def write(*parts)
      parts.sum do |part|
        @pieces << part.to_s
        part.to_s.bytesize
      end
    end

    def <<(part)
      write(part)
      self
    end

    def read(...) = @input.read(...)
    def flush = self
    def close_read = nil
    def close_write = nil
    def close(_error = nil) = @is_closed = true
    def closed? = @is_closed || false
  end
end
