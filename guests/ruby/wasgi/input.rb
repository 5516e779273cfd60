# frozen_string_literal: true

module Wasgi
  # The request's body could not be read: it was too large, too slow, or broke off.
  class InputError < IOError; end

  # The request's body, as `rack.input`: it is read from the client when the app reads it.
  class Input
    # How much is read at once.
    CHUNK = 65_536
    # Limit: REWIND. How much is kept, so that apps for Rack 2 can read it again.
    REWIND = 1 << 20
    private_constant :CHUNK, :REWIND

    def initialize(handle)
      @handle = handle
      @waiting = "".b
      @kept = "".b
      @area = ("\0" * 16).b
    end

    def read(length = nil, buffer = nil)
      raise ArgumentError, "negative length #{length} given" if length&.negative?
      nil while (length.nil? || @waiting.bytesize < length) && fill
      bytes = length ? @waiting.slice!(0, length) : @waiting.slice!(0..)
      bytes = buffer.replace(bytes) if buffer
      bytes unless bytes.empty? && length&.positive?
    end

    # Up to so many bytes, as soon as there are some.
    def readpartial(length, buffer = nil)
      fill if @waiting.empty?
      raise EOFError, "end of file reached" if @waiting.empty?
      bytes = @waiting.slice!(0, length)
      buffer ? buffer.replace(bytes) : bytes
    end

    def gets(separator = $/)
      return read.then { |rest| rest unless rest.empty? } if separator.nil?
      nil until @waiting.include?(separator) || !fill
      stop = @waiting.index(separator)
      line = @waiting.slice!(0, stop ? stop + separator.bytesize : @waiting.bytesize)
      line unless line.empty?
    end

    def each
      return to_enum unless block_given?
      while (line = gets) do yield line end
    end

    def rewind
      raise Errno::ESPIPE, "more than #{REWIND} bytes of the body have been read" unless @kept
      @waiting = @kept.dup
      0
    end

    def close
      Memory.drop_input(@handle) if @handle
      @handle = nil
    end

    private

    # Reads the next bytes; false at the end.
    def fill
      return false unless @handle
      Memory.read(@handle, CHUNK, @area)
      raise InputError, failure if @area.getbyte(0) == 1
      bytes = Memory.at(*@area.unpack("LL", offset: 4))
      keep(bytes)
      @waiting << bytes
      !bytes.empty?
    end

    def keep(bytes)
      return unless @kept
      @kept.bytesize + bytes.bytesize > REWIND ? @kept = nil : @kept << bytes
    end

    def failure
      kind = @area.getbyte(4)
      reasons = ["it is too large", "the client was silent for too long", "it broke off"]
      reason = reasons.fetch(kind) { Memory.at(*@area.unpack("LL", offset: 8)) }
      "cannot read the request's body: #{reason}"
    end
  end
end
