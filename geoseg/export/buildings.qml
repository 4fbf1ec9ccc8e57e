<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<!-- Buildings by area class, dashed where the image cuts them, labelled with the area from 1:2000.
     Symbols use "prop" elements, which every QGIS since 3.0 reads. -->
<qgis version="3.16.0-Hannover" styleCategories="Symbology|Labeling" labelsEnabled="1">
  <renderer-v2 type="RuleRenderer" symbollevels="0" forceraster="0" enableorderby="0">
    <rules key="{geoseg-buildings}">
      <rule key="{geoseg-area-0}" symbol="0" label="under 50 m²" filter="&quot;area_m2&quot; &lt; 50"/>
      <rule key="{geoseg-area-1}" symbol="1" label="50 to 100 m²" filter="&quot;area_m2&quot; &gt;= 50 AND &quot;area_m2&quot; &lt; 100"/>
      <rule key="{geoseg-area-2}" symbol="2" label="100 to 200 m²" filter="&quot;area_m2&quot; &gt;= 100 AND &quot;area_m2&quot; &lt; 200"/>
      <rule key="{geoseg-area-3}" symbol="3" label="200 to 500 m²" filter="&quot;area_m2&quot; &gt;= 200 AND &quot;area_m2&quot; &lt; 500"/>
      <rule key="{geoseg-area-4}" symbol="4" label="500 to 2000 m²" filter="&quot;area_m2&quot; &gt;= 500 AND &quot;area_m2&quot; &lt; 2000"/>
      <rule key="{geoseg-area-5}" symbol="5" label="over 2000 m²" filter="&quot;area_m2&quot; &gt;= 2000"/>
      <rule key="{geoseg-at-edge}" symbol="6" label="cut at the edge of the image?" filter="&quot;at_edge&quot;"/>
    </rules>
    <symbols>
      <symbol type="fill" name="0" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <prop k="style" v="solid"/>
          <prop k="color" v="255,249,180,90"/>
          <prop k="outline_style" v="solid"/>
          <prop k="outline_color" v="255,249,180,255"/>
          <prop k="outline_width" v="0.3"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="joinstyle" v="miter"/>
        </layer>
      </symbol>
      <symbol type="fill" name="1" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <prop k="style" v="solid"/>
          <prop k="color" v="255,202,40,90"/>
          <prop k="outline_style" v="solid"/>
          <prop k="outline_color" v="255,202,40,255"/>
          <prop k="outline_width" v="0.3"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="joinstyle" v="miter"/>
        </layer>
      </symbol>
      <symbol type="fill" name="2" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <prop k="style" v="solid"/>
          <prop k="color" v="255,138,30,90"/>
          <prop k="outline_style" v="solid"/>
          <prop k="outline_color" v="255,138,30,255"/>
          <prop k="outline_width" v="0.3"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="joinstyle" v="miter"/>
        </layer>
      </symbol>
      <symbol type="fill" name="3" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <prop k="style" v="solid"/>
          <prop k="color" v="244,67,80,90"/>
          <prop k="outline_style" v="solid"/>
          <prop k="outline_color" v="244,67,80,255"/>
          <prop k="outline_width" v="0.3"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="joinstyle" v="miter"/>
        </layer>
      </symbol>
      <symbol type="fill" name="4" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <prop k="style" v="solid"/>
          <prop k="color" v="200,30,130,90"/>
          <prop k="outline_style" v="solid"/>
          <prop k="outline_color" v="200,30,130,255"/>
          <prop k="outline_width" v="0.3"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="joinstyle" v="miter"/>
        </layer>
      </symbol>
      <symbol type="fill" name="5" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <prop k="style" v="solid"/>
          <prop k="color" v="106,27,170,90"/>
          <prop k="outline_style" v="solid"/>
          <prop k="outline_color" v="106,27,170,255"/>
          <prop k="outline_width" v="0.3"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="joinstyle" v="miter"/>
        </layer>
      </symbol>
      <symbol type="fill" name="6" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <prop k="style" v="b_diagonal"/>
          <prop k="color" v="255,255,255,140"/>
          <prop k="outline_style" v="dash"/>
          <prop k="outline_color" v="255,255,255,255"/>
          <prop k="outline_width" v="0.4"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="joinstyle" v="miter"/>
        </layer>
      </symbol>
    </symbols>
  </renderer-v2>
  <labeling type="simple">
    <settings calloutType="simple">
      <text-style isExpression="1" fieldName="round(&quot;area_m2&quot;) || ' m²'" fontSize="8" fontSizeUnit="Point" fontWeight="50" textColor="30,30,30,255" textOpacity="1" namedStyle="" blendMode="0" multilineHeight="1" textOrientation="horizontal">
        <text-buffer bufferDraw="1" bufferSize="0.7" bufferSizeUnits="MM" bufferColor="255,255,255,255" bufferOpacity="0.85" bufferNoFill="1" bufferJoinStyle="128" bufferBlendMode="0"/>
      </text-style>
      <text-format formatNumbers="0" multilineAlign="3" wrapChar=""/>
      <placement placement="1" centroidInside="1" centroidWhole="1" fitInPolygonOnly="0" priority="5" polygonPlacementFlags="2" dist="0" quadOffset="4"/>
      <!-- scaleMax is the smallest scale with labels: this element kept the names of QGIS 2. -->
      <rendering drawLabels="1" scaleVisibility="1" scaleMax="2000" scaleMin="0" displayAll="0" labelPerPart="0" limitNumLabels="0" maxNumLabels="2000" obstacle="1" obstacleFactor="1" upsidedownLabels="0" zIndex="0"/>
    </settings>
  </labeling>
  <layerGeometryType>2</layerGeometryType>
</qgis>
